"""The error of the REST API."""

from tfgan_thyroid.errors import UserError


class ApiError(UserError):
    """A request that is answered with `{"error": message}`, by default because it is wrong itself."""

    def __init__(self, message: str, status_code: int = 400) -> None:
        super().__init__(message)
        self.status_code = status_code
