"""What went wrong on the user's side."""


class UsageError(ValueError):
    """Input that its giver can mend: the message says what was given, what is wanted, what to do.

    It is a ``ValueError``, so a library user catches it as one; a command line shows its message
    alone, on one line, with no traceback.

    Example:
        >>> raise UsageError("components is 0: give at least 1")
        Traceback (most recent call last):
        jgen.errors.UsageError: components is 0: give at least 1
    """
