"""Define the result of a check and the error of a failed one."""


class CheckFailed(AssertionError):  # noqa: N818  (it reads as what happened)
    """A sampler that breaks a law; the message says which, by how much, and what usually does it."""
