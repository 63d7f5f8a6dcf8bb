"""Bugs of wrapped kernels and models; each is one line of what is shipped."""

from tests.helpers.mutant import Bug

MODEL_BUGS = {
    "9 a NumPyro model, log-Jacobian dropped": Bug(
        "interop.from_model",
        "return -util.potential_energy(model, args, kwargs, position)",
        "return util.log_density(model, args, kwargs, util.constrain_fn(model, args, kwargs, position))[0]",
    ),
}

COUNT_BUGS = {
    "wrapped kernel, gradients counted as log densities": Bug(
        "interop.counted_density",
        'kind = MARKS.index(equation.params["name"])',
        "kind = 1",
        "interop.from_blackjax",
    ),
}
