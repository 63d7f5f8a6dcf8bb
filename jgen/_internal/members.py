"""Find the members of a family: the modules of a package that define a given name."""

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
        >>> "hmc" in members(jgen.samplers, "recipe")
        True
    """
    found: dict[str, ModuleType] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        if info.ispkg and not hasattr(module, "__all__"):
            found |= members(module, attribute)
        elif hasattr(module, attribute.format(name=info.name)):
            found[info.name] = module
    return dict(sorted(found.items()))
