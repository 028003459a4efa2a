"""The one exception a user is meant to read, and how TensorFlow's become readable."""


class UserError(ValueError):
    """A mistake that the user can mend: says what was found, what was wanted and what to do."""


def file_error_reason(message: str) -> str:
    """The reason in the message of a TensorFlow file operation, without node names and temporary paths."""
    return message.split("; ")[-1].split(" [Op:")[0]
