"""Mutants of distances of features and of scores: Frechet, KID, Inception Score, Vendi."""

from tests.evaluation.test_feature_moments import check_offset, check_square
from tests.evaluation.test_frechet import check_influences, check_null
from tests.evaluation.test_inception_score import check_intervals, check_splits
from tests.evaluation.test_kid import check_double_sum
from tests.evaluation.test_vendi import check_roles
from tests.helpers.mutant import Mutant

MOMENTS, FRECHET = "evaluation.feature_moments", "evaluation.frechet"
INCEPTION, VENDI = "evaluation.inception_score", "evaluation.vendi"


def of_frechet(right, wrong, check=check_null):
    return Mutant(FRECHET, right, wrong, check=check)


MUTANTS = {
    "moments, a covariance in float32": Mutant(
        MOMENTS,
        "block = np.subtract(rows, mean, out=memory[: len(rows)], dtype=np.float64)",
        "block = (rows.astype(np.float32) - np.float32(mean)).astype(np.float64)",
        check=check_offset,
    ),
    "moments, a covariance over n": Mutant(
        MOMENTS, "scatter / (len(features) - 1)", "scatter / len(features)", check=check_square
    ),
    "frechet, maps of the samples swapped": of_frechet(
        "there, back = transport_maps(real.whole, generated.whole)\n    by_sample",
        "back, there = transport_maps(real.whole, generated.whole)\n    by_sample",
        check_influences,
    ),
    "frechet, debiased the wrong way": of_frechet(
        "value - (reduced - value) / rise", "value + (reduced - value) / rise"
    ),
    "frechet, groups taken for halves": of_frechet("(reduced - value) / rise", "(reduced - value)"),
    "frechet, null of parts not scaled": of_frechet("return scale * quick", "return 1.0 * quick"),
    "kid, the diagonal averaged": Mutant(
        "evaluation.kid", "if is_one and i == j:", "if False:", check=check_double_sum
    ),
    "kid, pairs of one sample over n^2": Mutant(
        "evaluation.kid", "len(second) - is_one, len(first) - is_one", "len(second), len(first)",
        check=check_double_sum,
    ),
    "inception score, splits of concatenated classes": Mutant(
        INCEPTION, "random_order(rows), num_splits)", "np.arange(len(rows)), num_splits)", check=check_splits
    ),
    "inception score, without the variance of second order": Mutant(
        INCEPTION, "total_variance(first, second))", "first)", check=check_intervals
    ),
    "vendi, real and generated swapped": Mutant(
        VENDI,
        'rows = _checked(samples)["generated"]\n    n, dim',
        'rows = _checked(samples)["real"]\n    n, dim',
        check=check_roles,
    ),
    "vendi, null of all real rows": Mutant(
        VENDI, "size = min(n, len(real))", "size = len(real)", check=check_roles
    ),
}  # fmt: skip
