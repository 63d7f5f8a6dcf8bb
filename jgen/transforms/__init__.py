"""Transforms: a sampler in, a sampler out."""

from jgen.transforms.block import block
from jgen.transforms.burn_in import burn_in
from jgen.transforms.cycle import cycle
from jgen.transforms.gibbs import gibbs
from jgen.transforms.keep import keep
from jgen.transforms.thin import thin

__all__ = ["block", "burn_in", "cycle", "gibbs", "keep", "thin"]
