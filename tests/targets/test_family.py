"""Check every target: form, exact draws, proposal, truths by quadrature, invalid options."""

import inspect
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import jgen.targets as t
from tests.helpers import examined_targets as examined
from tests.helpers.examined_targets import exact, first_of_each_kind, is_sampled, is_smooth, proposed
from tests.helpers.marking import first_of_each
from tests.helpers.members import TARGETS, target_of
from tests.helpers.quadrature import TOLERANCE, check_on_grid, hyperbolic, identity, line

LOOSE = {"bimodal", "breast_cancer", "grid25", "ring_of_modes", "three_modes"}
"""Targets whose factory documents that its bound is not the least."""


def is_bounded(target):
    return target.log_bound is not None


def test_targets_are_exported():
    """Detect a target that `jgen.targets` does not export, and a factory unlike its file's name."""
    assert set(TARGETS) == set(t.__all__) - {"Target", "Trait"}
    assert len(TARGETS) >= 40


@pytest.mark.parametrize("name", TARGETS)
def test_form_and_stability_under_rebuilding(name):
    """Detect closures, a mean of the wrong length, a factory without an example, unhashable statics.

    A target built again must not be traced again, and `vmap` must stack it. Nothing is compiled.
    """
    examined.check_form(target_of(name), name)
    assert ">>>" in TARGETS[name].__doc__
    traces = []

    @jax.jit
    def run(target):
        traces.append(name)
        return target.log_density(target.start)

    targets = [target_of(name), TARGETS[name]()]
    assert [run.eval_shape(target).shape for target in targets] == [()] * 2
    assert len(traces) == 1
    stacked = jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *targets)
    assert jax.eval_shape(jax.vmap(run), stacked).shape == (2,)
    for size in {"dim", "pairs"} & set(inspect.signature(TARGETS[name]).parameters):
        with pytest.raises(ValueError, match=f"{name}.*{size}"):
            TARGETS[name](**{size: 0})


@first_of_each_kind(is_sampled)
def test_exact_draws_have_the_moments_and_fit_the_density(name):
    """Detect a wrong truth, a sampler of another distribution, a key used twice, a lost log-Jacobian.

    The distributions of discrete draws are compared with their enumeration.
    """
    examined.check_moments(target_of(name), exact(name))
    if is_smooth(target_of(name)):
        examined.check_virial(exact(name))


@first_of_each_kind(lambda target: target.proposal is not None)
def test_importance_weights_average_to_the_evidence(name):
    """E_q[p~/q] = Z and p~/q <= its bound: catches a lost constant, a bound that is a local maximum only.

    Without power, so skipped, where one weight may outweigh 1 in 200; false-alarm rate 1e-8.
    """
    target, ratios = target_of(name), proposed(name).log_ratio
    assert not np.isnan(ratios).any()
    if not is_bounded(target):
        return
    for facts in (proposed(name), exact(name)) if is_sampled(target) else (proposed(name),):
        slack = examined.rounding(facts.log_density, facts.log_ratio, facts.x.shape[1])
        assert (facts.log_ratio <= float(target.log_bound) + slack).all()
    if target.log_evidence is None or target.log_bound - target.log_evidence > math.log(examined.DRAWS / 200):
        return
    weights = np.exp(ratios - float(target.log_evidence))
    assert examined.assert_mean(weights, 1.0, "weight").all()


@pytest.mark.weekly
@first_of_each_kind(lambda target: is_bounded(target) and is_smooth(target))
@pytest.mark.usefixtures("x64")
def test_maximising_the_ratio_reaches_the_bound(name):
    """Detect a bound that an optimiser passes, and one that is looser than its factory documents."""
    best, slack, bound = examined.maximise_log_ratio(name)
    assert best <= bound + 1e-9 + slack
    if name not in LOOSE:
        assert best >= bound - 1e-6


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
@first_of_each_kind()
def test_far_points_and_float64(name):
    """Detect a NaN of `where`, an overflow ten deviations out, an array frozen in float32 at import."""
    examined.check_precision(name)


def funnel_scaled(u):
    """Scale the funnel so that it is as wide at its neck as at its mouth."""
    return jnp.stack([u[0], jnp.exp(u[0] / 2) * u[1]]), u[0] / 2


def logistic(u):
    """Map the line to the unit interval."""
    x = jax.nn.sigmoid(u)
    return x, jnp.log(x) + jnp.log1p(-x)


SCALAR, LONG, PLANE = [line(-12, 12, 0.1)], [line(-45, 45, 0.05)], [line(-6, 6, 0.05)] * 2
LOGITS, WELLS = [line(-60, 60, 0.05)], [line(-6, 6, 0.01), line(-9, 9, 0.25)]
JUMPS = ("|x| < 1", "x0 > 0", "x > 0")
"""Expectations of steps, for which a grid converges slowly: see test_cauchy and test_tilted_well."""
GRIDS = {
    "banana": (t.banana, [line(-85, 85, 0.1), line(-14, 230, 0.25)], identity),
    "rosenbrock": (lambda: t.rosenbrock(1), [line(-8, 10, 0.01), line(-3, 104, 0.1)], identity),
    "funnel": (lambda: t.funnel(2), [line(-30, 40, 0.25), line(-9, 9, 0.25)], funnel_scaled),
    "cauchy": (lambda: t.cauchy(1), LONG, hyperbolic),
    "bimodal": (lambda: t.bimodal(2), [line(-10, 10, 0.1)] * 2, identity),
    "grid25": (t.grid25, [line(-5, 5, 0.02)] * 2, identity),
    "grid25 of wider modes": (lambda: t.grid25(0.25), [line(-7, 7, 0.02)] * 2, identity),
    "double_well": (t.double_well, WELLS, identity),
    "tilted well": (lambda: t.double_well(2.0, -3.0), WELLS, identity),
    "three_modes": (t.three_modes, [line(-11, 12, 0.05)] * 2, identity),
    "standard_gaussian": (lambda: t.standard_gaussian(1), SCALAR, identity),
    "normal_from_cauchy": (t.normal_from_cauchy, SCALAR, identity),
    "normal_from_laplace": (t.normal_from_laplace, SCALAR, identity),
    "beta": (t.beta, LOGITS, logistic),
    "beta(1, 3)": (lambda: t.beta(1.0, 3.0), LOGITS, logistic),
    "student_t": (lambda: t.student_t(1), LONG, hyperbolic),
    "gumbel": (lambda: t.gumbel(1), [line(-6, 40, 0.05)], identity),
    "log_gamma": (lambda: t.log_gamma((0.5, 2.5), 3.0), [line(-80, 6, 0.1), line(-18, 5, 0.1)], identity),
    "dirichlet": (lambda: t.dirichlet((1.5, 1.0, 2.5)), [line(-25, 25, 0.15), line(-40, 20, 0.15)], identity),
    "ring": (t.ring, PLANE, identity),
    "wide ring": (lambda: t.ring(0.7, 2.0), PLANE, identity),
    "squiggle": (t.squiggle, [line(-17, 17, 0.1), line(-10, 10, 0.1)], identity),
    "two_moons": (t.two_moons, PLANE, identity),
    "moons of less tilt": (lambda: t.two_moons(1.0, 1.5), PLANE, identity),
    "ring_of_modes": (t.ring_of_modes, PLANE, identity),
    "three wide modes": (lambda: t.ring_of_modes(3, 1.0, 0.5), PLANE, identity),
    "mixture_means": (t.mixture_means, [line(-22, 22, 0.15)] * 2, identity),
    "bioassay": (t.bioassay, [line(-12, 16, 0.1), line(-35, 80, 0.4)], identity),
    "poisson_regression": (t.poisson_regression, [line(0, 5, 0.02), line(-1, 4, 0.02)], identity),
    "change_point": (t.change_point, [line(-1.5, 2.5, 0.02), line(-3, 2, 0.02)], identity),
    "probit_process": (t.probit_process, [line(-15, 15, 0.4)] * 3, identity),
    "phi4": (t.phi4, [line(-3.3, 3.3, 0.22)] * 4, identity),
    "truncated_normal": (t.truncated_normal, [line(-45, 45, 0.1)], identity),
    "skew_normal": (lambda: t.skew_normal((1.0, -4.0)), [line(-9, 9, 0.05)] * 2, identity),
    "rastrigin": (t.rastrigin, [line(-6, 6, 0.02)] * 2, identity),
    "low rastrigin": (lambda: t.rastrigin(1, 0.7, 0.3), SCALAR, identity),
    "many_wells": (lambda: t.many_wells(2), [line(-4, 4, 0.02)] * 2, identity),
}


@pytest.mark.parametrize("name", first_of_each(GRIDS, family=lambda name: GRIDS[name][2]))
@pytest.mark.usefixtures("x64")
def test_truths_by_quadrature(name):
    """Detect a wrong constant, mean, variance or expectation of every target that a grid can cover."""
    make, axes, change = GRIDS[name]
    check_on_grid(make(), axes, change, skip=JUMPS)


def two_modes(x):
    narrow = stats.norm.logpdf(x, 4 * (np.arange(len(x)) == 0), 0.6).sum()
    return np.logaddexp(np.log(0.75) + stats.norm.logpdf(x).sum(), np.log(0.25) + narrow)


def valleys(x):
    return stats.norm.logpdf(x[:18], 1) + stats.norm.logpdf(x[18:], x[:18] ** 2, 0.1**0.5)


HIGH_DIMENSIONS = {
    "gumbel": stats.gumbel_r.logpdf,
    "bimodal": two_modes,
    "cauchy": stats.cauchy.logpdf,
    "funnel": lambda x: np.append(
        stats.norm.logpdf(x[0], 0, 3), stats.norm.logpdf(x[1:], 0, np.exp(x[0] / 2))
    ),
    "many_wells": lambda x: -(x**4) + 6 * x**2 + x / 2,
    "rosenbrock": valleys,
    "student_t": lambda x: stats.t.logpdf(x, 5),
}


@pytest.mark.parametrize("name", first_of_each(HIGH_DIMENSIONS))
@pytest.mark.usefixtures("x64")
def test_densities_of_default_dimension(name):
    """Detect a constant that is correct for the small case of a grid, and wrong for the default."""
    target = TARGETS[name]()
    x = np.sin(np.arange(float(len(target.start))))
    for point in (x, x + 4 * (np.arange(len(x)) == 0)):
        value = jax.jit(target.log_density)(point)
        np.testing.assert_allclose(value, np.sum(HIGH_DIMENSIONS[name](point)), rtol=TOLERANCE)


INF, NAN, ONES = float("inf"), float("nan"), np.ones(3)
INVALID = {
    t.asia: [
        ({"observed": {"cough": 1}}, "cough"),
        ({"observed": {"xray": 2}}, "0 .no. or 1"),
        ({"observed": dict.fromkeys(t.asia().start, 1)}, "at least one"),
        ({"observed": {"either": 0, "lung": 1}}, "probability 0"),
    ],
    t.autoregressive: [{"vocabulary": 1}, {"length": 9}, {"temperature": 0.0}],
    t.banana: [({"curvature": INF}, "finite curvature")],
    t.beta: [{"a": 0.5}, ({"a": 1.0, "b": 1.0}, "mode")],
    t.boltzmann_machine: [{"hidden": 0}, {"visible": 10}, {"strength": INF}],
    t.diabetes: [{"prior_scale": 0.0}],
    t.dirichlet: [({"concentration": (1.0,)}, "at least two"), ({"concentration": (0.5, 2.0)}, ">= 1")],
    t.double_well: [{"barrier": -1.0}, {"tilt": 11.0}],
    t.funnel: [{"dim": 1}],
    t.grid25: [{"scale": 0.0}],
    t.hidden_markov: [
        ({"means": ONES}, r"means \[2\]"),
        ({"observations": np.zeros(0)}, "neither empty"),
        {"scale": 0.0},
    ],
    t.ill_conditioned_gaussian: [{"condition": 0.5}, {"condition": NAN}],
    t.ising: [{"side": 2}, {"coupling": INF}],
    t.linear_decoder: [{"scale": -1.0}, ({"x": ONES}, r"\[64\]"), ({"weight": ONES}, r"\[event, dim\]")],
    t.linear_regression: [
        ({"design": np.ones((3, 1))}, "together"),
        ({"design": np.ones((3, 3)), "response": ONES}, "n > p"),
        ({"design": np.ones((3, 1)), "response": ONES}, "perfect"),
        ({"design": np.ones((3, 1)), "response": np.array([1e7, 0, -1e7])}, "rescale"),
        ({"prior_scale": 0.0}, "prior_scale"),
    ],
    t.lkj: [{"concentration": 0.5}],
    t.log_gamma: [({"shapes": (1.0, 0.0)}, r"\(1.0, 0.0\)"), {"rate": -1.0}],
    t.many_wells: [{"wells": 17}],
    t.phi4: [{"coupling": 0.0}],
    t.rastrigin: [{"height": -1.0}],
    t.ring: [{"radius": 0.0}, {"width": 1e-3}],
    t.ring_of_modes: [{"modes": 2}],
    t.skew_normal: [({"shapes": (1.0, 0.0)}, "none 0")],
    t.squiggle: [{"amplitude": NAN}],
    t.state_space: [
        ({"persistence": 1.0}, "stationary"),
        {"observation_scale": 0.0},
        ({"observations": np.zeros((2, 2))}, r"\(2, 2\)"),
    ],
    t.student_t: [{"dof": 2.0}],
    t.truncated_normal: [{"loc": 1.5}, {"scale": 0.01}],
    t.two_moons: [{"tilt": 11.0}],
    t.wishart: [{"dof": 2.0}],
}


@pytest.mark.parametrize("make", INVALID)
def test_invalid_options_raise(make):
    """Detect silence, and an error that does not contain what was given."""
    for case in INVALID[make]:
        options, message = (
            case if isinstance(case, tuple) else (case, "{}={}".format(*next(iter(case.items()))))
        )
        with pytest.raises(ValueError, match=f"{make.__name__}.*{message}"):
            make(**options)
