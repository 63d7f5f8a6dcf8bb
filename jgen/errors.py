"""Define the error for mistakes of the user."""


class UsageError(ValueError):
    """Mistake that the user can correct: the message names the value, the requirement and the remedy.

    It is a ``ValueError``, so a library user catches it as one; a command line shows its message
    alone, on one line, with no traceback.

    Example:
        >>> raise UsageError("components is 0: give at least 1")
        Traceback (most recent call last):
        jgen.errors.UsageError: components is 0: give at least 1
    """
