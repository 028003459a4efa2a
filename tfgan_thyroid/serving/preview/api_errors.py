"""Errors of the REST API: TensorFlow's canonical codes, and the HTTP status that TF Serving answers for each."""

# tensorflow_serving/model_servers/http_server.cc, ToHTTPStatusCode
HTTP_STATUS = {
    "OK": 200,
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INTERNAL": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


class ApiError(Exception):
    """A request that is answered with an error.

    Args:
        code: canonical code, such as `"INVALID_ARGUMENT"`.
        message: for the `error` field of the answer.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def http_status(self) -> int:
        """The status line's number."""
        return HTTP_STATUS[self.code]


def invalid(message: str) -> ApiError:
    """The request itself is wrong."""
    return ApiError("INVALID_ARGUMENT", message)
