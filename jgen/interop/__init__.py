"""Import kernels, models and draws of other libraries, and export draws."""

from jgen.interop.from_blackjax import from_blackjax
from jgen.interop.from_model import Model, from_model
from jgen.interop.from_numpyro import from_numpyro
from jgen.interop.inference_data import from_arviz, to_arviz

__all__ = ["Model", "from_arviz", "from_blackjax", "from_model", "from_numpyro", "to_arviz"]
