"""Build, sample, train and evaluate generative models in JAX and Flax."""

from importlib.metadata import version

__version__ = version("jgen")
