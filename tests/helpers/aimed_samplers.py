"""Make every sampler for a cheap target, and compare runs."""

from jgen.testing.requirements import same_bits as same  # noqa: F401  (handed on)
from tests.helpers.members import SAMPLERS as MODULES, first_claimed, recipe_of, target_of

TARGET = target_of("banana")
AIMED = {name: target_of(first_claimed(name)) for name in MODULES}
SAMPLERS = {name: recipe_of(name, first_claimed(name)).sampler for name in MODULES}
