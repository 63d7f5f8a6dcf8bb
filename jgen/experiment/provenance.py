"""Record where numbers come from: the command, the versions and the device."""

import importlib.metadata
import platform
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

PACKAGES = ("jgen", "jax", "jaxlib", "numpyro", "flax", "optax", "numpy")


def provenance(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the facts needed to reproduce a run, without paths of this machine.

    Args:
        argv: The arguments of the command; None for those of the process.

    Returns:
        ``command``, ``versions``, ``device`` and ``x64``.

    Example:
        >>> facts = provenance(["--components", "4"])
        >>> sorted(facts), facts["command"].endswith(" --components 4")
        (['command', 'device', 'versions', 'x64'], True)
    """
    arguments = shlex.join(sys.argv[1:] if argv is None else argv)
    kind = jax.devices()[0].device_kind
    return {
        "command": f"{program()} {arguments}".strip(),
        "versions": {"python": platform.python_version()} | {p: _version(p) for p in PACKAGES},
        "device": {"platform": jax.default_backend(), "kind": kind, "count": jax.device_count()},
        "x64": jax.numpy.zeros(()).dtype == "float64",
    }


def program() -> str:
    """Return the command that starts this process, without its arguments.

    Returns:
        ``python -m module``, or ``python file.py``; no path of this machine.

    Example:
        >>> program().startswith("python")
        True
    """
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {spec.name}" if spec is not None else f"python {Path(sys.argv[0]).name}"


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
