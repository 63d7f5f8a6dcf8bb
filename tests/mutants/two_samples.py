"""Mutants of metrics of two samples, and of tasks."""

from tests.evaluation.classification import test_c2st, test_probes, test_train_on_synthetic
from tests.evaluation.distances import (
    test_energy_distance,
    test_entropic_ot,
    test_mmd,
    test_quantile_coupling,
    test_sinkhorn,
    test_sliced_wasserstein,
    test_u_statistic,
)
from tests.helpers.mutant import Mutant

OF_CLASSIFIERS = ("c2st", "probes", "train_on_synthetic")
OF_HELPERS = ("classifiers", "label_accuracy")


def place(name):
    """Return the module of a metric or a helper."""
    folder = "classification" if name in OF_CLASSIFIERS + OF_HELPERS else "distances"
    return f"evaluation.{folder}.{name}"


def of_pairs(right, wrong, check=test_u_statistic.check_pairs):
    return Mutant(place("u_statistic"), right, wrong, check=check)


def of(name, right, wrong, check):
    """Return a mutant of a metric, whose check takes the metric."""
    return Mutant(place(name), right, wrong, check=lambda module: check(getattr(module, name)))


def of_helper(helper, right, wrong, name, check):
    """Return a mutant of a helper of a metric."""
    return Mutant(place(helper), right, wrong, place(name), lambda module: check(getattr(module, name)))


ORDERS = test_u_statistic.check_all_samples
P_VALUE = test_u_statistic.check_p_value
ONE_LABELLING = "labels[:, column] = rng.permutation(size) < n"
OTHERS = "fold[shuffled] != k"

MUTANTS = {
    "MMD, pairs of a row with itself": of_pairs("= 0.0\n        yield block", "+= 0.0\n        yield block"),
    "MMD, pairs across counted once": of_pairs("2 * across_real.sum()", "across_real.sum()"),
    "MMD, pairs across forgotten in the second order": of_pairs(
        "+ 4 * tau_across", "+ 0 * tau_across", ORDERS
    ),
    "MMD, centred by the wrong number of rows": of_pairs("(n * (n - 3))", "(n * (n - 1))", ORDERS),
    "MMD, p-value without its own labelling": of_pairs(
        "(1 + count) / (1 + num_permutations)", "count / num_permutations", P_VALUE
    ),
    "MMD, p-value of the other tail": of_pairs(">= readings[0] - rounding", "<= readings[0]", P_VALUE),
    "MMD, p-value strict on ties": of_pairs(">= readings[0] - rounding", "> readings[0] + rounding", P_VALUE),
    "MMD, permutations of one side": of_pairs(
        ONE_LABELLING,
        "labels[:, column] = np.where(labels[:, 0], rng.permutation(size) < n, 0)",
        P_VALUE,
    ),
    "MMD, length of generated rows": of(
        "mmd",
        '_median("real", real) if length is None else length\n    pooled',
        '_median("real", generated) if length is None else length\n    pooled',
        test_mmd.check_length,
    ),
    "MMD, length without its factor two": of(
        "mmd", "-0.5 / length**2", "-1.0 / length**2", test_mmd.check_known
    ),
    "energy distance of squares": of(
        "energy_distance", "-np.sqrt(squared)", "-squared", test_energy_distance.check_scipy
    ),
    "Wasserstein, even steps for samples of two sizes": Mutant(
        place("quantile_coupling"),
        "np.array((steps - starts) / common, float)",
        "np.full(len(steps), 1 / len(steps))",
        check=test_quantile_coupling.check_coupling,
    ),
    "Wasserstein, debiased by one half twice": Mutant(
        place("quantile_coupling"),
        "rows[order[half:]]",
        "rows[order[: len(rows) - half]]",
        check=test_quantile_coupling.check_crossed,
    ),
    "Wasserstein, directions of any length": of(
        "sliced_wasserstein",
        "drawn / np.linalg.norm(drawn, axis=0)",
        "drawn",
        test_sliced_wasserstein.check_truth,
    ),
    "entropic OT, weights forgotten": Mutant(
        place("sinkhorn"), " - jnp.log(cost.shape[1])", "", check=test_sinkhorn.check_two_points
    ),
    "entropic OT, eps halved": Mutant(
        place("sinkhorn"),
        "- cost) / eps, axis=1",
        "- cost) / (eps / 2), axis=1",
        check=test_sinkhorn.check_two_points,
    ),
    "entropic OT, one sample's own cost taken off": of(
        "entropic_ot",
        "(self.real.cost + self.generated.cost) / 2",
        "self.real.cost / 2",
        test_entropic_ot.check_divergence,
    ),
    "C2ST, trained on the rows that it tests": of(
        "c2st", OTHERS, "fold[shuffled] >= 0", test_c2st.check_null
    ),
    "C2ST, sides swapped": of(
        "c2st", "(pooled[test])[:, 1]", "(pooled[test])[:, 0]", test_c2st.check_ceiling
    ),
    "C2ST, unequal sizes for the odds": of(
        "c2st", "weight = (~is_real[train]).mean()", "weight = 0.5", test_c2st.check_bayes
    ),
    "tasks, trained on the other set": of(
        "train_on_synthetic",
        'for name in ("generated", "real"):',
        'for name in ("real", "generated"):',
        test_train_on_synthetic.check_roles,
    ),
    "tasks, trained on sets of their own sizes": of(
        "train_on_synthetic",
        ".permutation(order)[:size]",
        ".permutation(order)",
        test_train_on_synthetic.check_size,
    ),
    "tasks, probes of the raw rows": of(
        "probes", "if extractor.apply is not None:", "if extractor.apply is None:", test_probes.check_features
    ),
}
