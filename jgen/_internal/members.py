"""Find the members of a family (the modules that define a given name) and the public names of a package."""

import importlib
import pkgutil
from types import ModuleType


def members(package: ModuleType, attribute: str) -> dict[str, ModuleType]:
    """Find the modules of a package that define an attribute, by name.

    A new sampler is found by its ``recipe``, a new target by the function of its own name, so that no list
    has to be maintained. A subpackage without ``__all__`` only groups the members of its package, and is
    searched too; one with ``__all__`` is another family.

    Args:
        package: The imported package.
        attribute: Name that a member defines; ``"{name}"`` stands for the module's own name.

    Returns:
        Name -> module, in alphabetical order.

    Example:
        >>> import jgen.samplers
        >>> found = members(jgen.samplers, "recipe")
        >>> {"hmc", "smc", "direct"} <= found.keys(), list(found) == sorted(found)
        (True, True)
    """
    found: dict[str, ModuleType] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if info.ispkg and not hasattr(module, "__all__"):
            found |= members(module, attribute)
        elif hasattr(module, attribute.format(name=info.name)):
            found[info.name] = module
    return dict(sorted(found.items()))


def public_names(namespace: dict[str, object]) -> list[str]:
    """List what a package hands on, for its ``__all__``: all it imports but modules and this function.

    Args:
        namespace: The package's ``globals()``.

    Returns:
        The names without a leading underscore, sorted.

    Example:
        >>> public_names({"hmc": print, "exact": pkgutil, "_hidden": 1})
        ['hmc']
    """
    return sorted(
        name
        for name, value in namespace.items()
        if not (name.startswith("_") or isinstance(value, ModuleType) or value is public_names)
    )
