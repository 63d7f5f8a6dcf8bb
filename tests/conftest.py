"""The house rules for every test: warnings are errors, ranks are never promoted silently."""

import os
from pathlib import Path

CACHE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".jax_cache")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", CACHE)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
# XLA 0.10 on two cores may wait for ever on many small triangular systems shared out to its threads. Its new
# emitters of fused loops take half of all compile time, which is most of the time of these tests; the weekly
# run uses them, as users do. What the caller says comes last and wins.
OURS = "--xla_cpu_multi_thread_eigen=false --xla_cpu_use_fusion_emitters=false"
os.environ["XLA_FLAGS"] = f"{OURS} {os.environ.get('XLA_FLAGS', '')}"

import covering  # noqa: E402
import jax  # noqa: E402  (the environment must be set first)
import numpy as np  # noqa: E402
import planting  # noqa: E402
import pytest  # noqa: E402

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "standard")

MAPPINGS = Path("/proc/self/maps")
MOST_MAPPINGS = 30_000
"""A program compiled for a CPU keeps some ten memory mappings; past 65,530 of them Linux lets XLA crash."""
OPTIMISED, UNOPTIMISED = {"slow", "weekly", "optimised"}, {"unoptimised"}
"""Marks of tests whose programs run for longer than they compile, and of slow ones whose programs do not."""


@pytest.fixture
def x64():
    """A whole test in float64: arrays made inside lose it in their first operation outside."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def broadcasting():
    """Lets ranks be promoted where NumPyro itself is called with batches; our own code never needs it."""
    with jax.numpy_rank_promotion("allow"):
        yield


@pytest.fixture
def rng():
    """Numbers to feed a test, the same in whatever order the tests run."""
    return np.random.default_rng(0)


@pytest.fixture
def kills(record_property, request):
    """``with kills(name): ...``: the planted bug of this name must be caught, and is counted."""
    return planting.Kills(record_property, request.node.originalname)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session, items):
    """Keeps what was collected, before the marks that were asked for leave some of it out."""
    session.collected = list(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Programs that run for less time than they take to compile are compiled without much optimisation."""
    marks = {name for name in OPTIMISED | UNOPTIMISED if item.get_closest_marker(name)}
    jax.config.update("jax_disable_most_optimizations", not marks & OPTIMISED or bool(marks & UNOPTIMISED))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown():
    """Drops compiled programs before there are too many of them; those still used come back from the disk."""
    if MAPPINGS.exists() and MAPPINGS.read_bytes().count(b"\n") > MOST_MAPPINGS:
        jax.clear_caches()


@pytest.fixture
def coverage(record_property):
    """``coverage(kind, estimator, target, covered, asked)``: what a test counted, for the pool of targets."""
    return lambda *counted: record_property("coverage", counted)


def reports_of(config):
    """All that the tests of a run reported, gathered where the summary is written."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return [report for reports in reporter.stats.values() for report in reports] if reporter else []


def pytest_sessionfinish(session):
    """A pool of intervals outside its claim fails the run, though every test of it passed."""
    if not hasattr(session.config, "workerinput"):
        covering.judge(session, reports_of(session.config))


def pytest_terminal_summary(terminalreporter, config):
    """Prints how often intervals covered, how many bugs were planted and killed; each of them with ``-v``."""
    reports = reports_of(config)
    if counts := covering.counts_of(reports):
        terminalreporter.section("coverage of log Z")
        for row in covering.table(counts, every=config.get_verbosity() > 0):
            terminalreporter.write_line(row)
    if bugs := planting.bugs_of(reports):
        terminalreporter.section("planted bugs")
        for row in planting.table(bugs, every=config.get_verbosity() > 0):
            terminalreporter.write_line(row)
