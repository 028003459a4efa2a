"""The one exception a user is meant to read, and what makes a message useful."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake that the user can mend: says what was found, what was wanted and what to do."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question to put behind a name that is not known: `; did you mean NAME?`, or nothing where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def file_error_reason(message: str) -> str:
    """The reason in the message of a TensorFlow file operation, without node names and temporary paths."""
    return message.split("; ")[-1].split(" [Op:")[0]
