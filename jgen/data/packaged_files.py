"""Locate data files of an installed package without importing it, which takes seconds."""

from importlib.util import find_spec
from pathlib import Path


def sklearn_file(name: str) -> Path:
    """Return the path of a file of scikit-learn's data folder.

    Raises:
        ModuleNotFoundError: If scikit-learn is not installed.

    Example:
        >>> sklearn_file("iris.csv").is_file()
        True
    """
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        where = "scikit-learn, which is not installed: pip install scikit-learn"
        raise ModuleNotFoundError(f"{name} is read from {where}")
    return Path(spec.submodule_search_locations[0]) / "datasets" / "data" / name
