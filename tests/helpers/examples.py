"""Return the examples of all members of a family of networks, heads or posteriors."""

from jgen.testing import members


def examples_of(package, first=""):
    """Return ``"member-number" -> example`` of every recipe of a package; those of one member first."""
    modules = members(package, "recipe")
    names = sorted(modules, key=lambda name: name != first)
    return {f"{name}-{number}": each for name in names for number, each in enumerate(modules[name].recipe())}
