"""Mutants of wrapped kernels and models."""

from tests.helpers.mutant import Mutant
from tests.interop.test_family import check_cost, check_running_cost
from tests.interop.test_from_model import check_evidence, check_invariance

JACOBIAN = (
    "interop.from_model",
    "return -util.potential_energy(model, args, kwargs, position)",
    "return util.log_density(model, args, kwargs, util.constrain_fn(model, args, kwargs, position))[0]",
)
MUTANTS = {
    "9 a NumPyro model, log-Jacobian dropped": Mutant(*JACOBIAN, check=check_evidence),
    "9 a NumPyro model, log-Jacobian dropped, by its draws": Mutant(*JACOBIAN, check=check_invariance),
    "wrapped kernel, gradients counted as log densities": Mutant(
        "interop.evaluation_counts",
        "self.num_grads += 1",
        "self.num_log_densities += 1",
        "interop.external_kernel",
        check=check_cost,
    ),
    "wrapped kernel, gradients counted as log densities while it runs": Mutant(
        "interop.evaluation_counts",
        "add(num_grads, value)",
        "add(num_log_densities, value)",
        "interop.external_kernel",
        check=check_running_cost,
    ),
    "wrapped kernel, evaluations side by side counted once": Mutant(
        "interop.evaluation_counts",
        "times * size)",
        "times)",
        "interop.external_kernel",
        check=check_running_cost,
    ),
}
