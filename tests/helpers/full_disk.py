"""Simulate a full disk."""

import contextlib
import resource


@contextlib.contextmanager
def full_disk(limit=20_000):
    """Limit the size of files: writing fails in the kernel, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
