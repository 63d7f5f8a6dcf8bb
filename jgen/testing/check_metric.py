"""Check a metric."""

from functools import partial

from jgen.evaluation.recipe import MetricRecipe
from jgen.testing.check_result import CheckResult, run_checks
from jgen.testing.metric_checks import CHECKS
from jgen.testing.metric_checks.metric_case import MetricCase


def check_metric(recipe: MetricRecipe, *, seed: int = 0, repeats: int = 200) -> list[CheckResult]:
    """Check a metric by every check of metrics.

    - complete: a result has an interval around its value, a sample size, a method, a protocol and a null;
    - roles: samples are taken by name alone; by position, unknown or missing, they raise;
    - known_values: cases declared as known, and a sample with itself, also where rows are repeated;
    - row_order, batches: the order of rows, batches, shards and merges do not matter;
    - rotation: a joint rotation, and a joint translation by 10,000, leave the value, where claimed;
    - units: float16, float32 and whole numbers have the values of the same numbers in float64; rows c times
      as large that of the claimed power of c;
    - unequal_sizes: half as many rows of one side;
    - bad_samples: too few rows, NaN and infinity raise a ValueError or are flagged; constant rows and one far
      row do, or have finite numbers;
    - monotone: the mean gets worse along the shift of the recipe's pairs;
    - far_share: the mean is linear in the share of generated rows far off, where claimed;
    - null: samples of one distribution read the declared null, on average;
    - coverage: intervals cover the truth (or the expectation at these sizes) in 93 % or more, at the null and
      at a shift of 1; flagged ones are left out.

    The last four are statistical; a right metric fails one number of one of them with probability 1e-6. With
    200 repeats an interval that covers in less than 79 % is found.

    Args:
        recipe: How the metric is made, and what is claimed of it.
        seed: Of the samples.
        repeats: Repeats of the statistical checks.

    Returns:
        The checks that passed, with what they measured.

    Raises:
        CheckFailed: If a check fails; the message has the check, its result and usual causes.

    Example:
        >>> import numpy as np
        >>> from jgen.evaluation import MetricRecipe, keep_rows
        >>> from jgen.evaluation.metric import result_of
        >>> def shift_of(rows):
        ...     real, generated = (rows[name].astype(float) for name in ("real", "generated"))
        ...     error = np.sqrt(real.var(0, ddof=1) / len(real) + generated.var(0, ddof=1) / len(generated))
        ...     null = result_of(0.0, error[0], len(real), "closed form", {})
        ...     value = generated.mean(0)[0] - real.mean(0)[0]
        ...     return result_of(value, error[0], len(real), "mean shift", {"column": 0}, null=null)
        >>> make = lambda: keep_rows(shift_of)
        >>> recipe = MetricRecipe(make, fewest=1, truth=lambda shift: shift, rotates=False)
        >>> [result.name for result in check_metric(recipe)][-3:]
        ['far_share', 'null', 'coverage']
    """
    case = MetricCase(recipe, seed, repeats)
    return run_checks({check.__name__: partial(check, case) for check in CHECKS}, f"seed={seed}")
