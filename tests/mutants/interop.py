"""Mutants of wrapped kernels and models."""

from tests.helpers.mutant import Mutant
from tests.interop.test_family import check_cost, check_running_cost
from tests.interop.test_from_model import check_evidence, check_invariance


def density(check):
    return Mutant(
        "interop.from_model",
        "return -util.potential_energy(model, args, kwargs, position)",
        "return util.log_density(model, args, kwargs, util.constrain_fn(model, args, kwargs, position))[0]",
        check=check,
    )


def counts(right, wrong, check):
    return Mutant("interop.evaluation_counts", right, wrong, "interop.external_kernel", check=check)


MUTANTS = {
    "9 a NumPyro model, log-Jacobian dropped": density(check_evidence),
    "9 a NumPyro model, log-Jacobian dropped, by its draws": density(check_invariance),
    "wrapped kernel, gradients counted as log densities": counts(
        "self.num_grads += 1", "self.num_log_densities += 1", check_cost
    ),
    "wrapped kernel, gradients counted as log densities while it runs": counts(
        "add(num_grads, value)", "add(num_log_densities, value)", check_running_cost
    ),
    "wrapped kernel, evaluations side by side counted once": counts(
        "times * size)", "times)", check_running_cost
    ),
}
