"""Test that R-hat detects different scales."""

import numpy as np
import pytest
from scipy import integrate, stats

from jgen import diagnostics
from tests.helpers.random_keys import FALSE_ALARM_SDS, fresh_rng


@pytest.mark.usefixtures("x64")
def test_folded_rhat_detects_scale():
    """Its limit by quadrature: normal scores of |x| under the mixture of both kinds of chains."""
    num_draws, sd = 20_000, 3.0
    draws = fresh_rng().normal(size=(4, num_draws)) * np.array([[1.0], [1.0], [sd], [sd]])

    def score(x):
        mixture = stats.halfnorm.cdf(x) / 2 + stats.halfnorm.cdf(x / sd) / 2
        return stats.norm.ppf(mixture)

    def moment(power, scale):
        value, _ = integrate.quad(
            lambda u: score(scale * u) ** power * stats.halfnorm.pdf(u), 1e-12, 8.0, limit=400
        )
        return value

    means = np.array([moment(1, 1.0), moment(1, sd)])
    variances = np.array([moment(2, 1.0), moment(2, sd)]) - means**2
    within, between = variances.mean(), np.var(means.repeat(4), ddof=1)  # 8 half chains
    limit = np.sqrt(1 + between / within)

    half = num_draws // 2
    split = np.concatenate([draws[:, :half], draws[:, half:]])
    plain = np.sqrt(1 + split.mean(axis=1).var(ddof=1) / split.var(axis=1, ddof=1).mean())
    assert plain < 1.01
    # d log R^2 <= d log B + d log W; a half chain's mean is off by sd / sqrt(half), its variance by
    # sqrt(2 / half) of itself
    gap = abs(means[1] - means[0])
    relative = 2 * np.sqrt(variances.max() / half) / gap + np.sqrt(4 / half)
    assert abs(diagnostics.rhat(draws) / limit - 1) < FALSE_ALARM_SDS * relative / 2
    assert limit > 1.1
