"""Finding the members of a family: every file that has what a member has."""

import importlib
import pkgutil
from types import ModuleType


def members(package: ModuleType, attribute: str) -> dict[str, ModuleType]:
    """The modules of a package that define an attribute, by name.

    A new sampler is found by its ``recipe``, a new target by the function of its own name; no
    list is kept anywhere.

    Args:
        package: The imported package.
        attribute: What a member defines; ``"{name}"`` stands for the module's own name.

    Returns:
        Name -> module, in alphabetical order.

    Example:
        >>> import jgen.samplers
        >>> "hmc" in members(jgen.samplers, "recipe")
        True
    """
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    modules = {name: importlib.import_module(f"{package.__name__}.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, attribute.format(name=name))}
