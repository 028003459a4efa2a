"""The one exception a user is meant to read."""


class UserError(ValueError):
    """A mistake that the user can mend: says what was found, what was wanted and what to do."""
