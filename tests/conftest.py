"""Settings and fixtures of every test: warnings are errors, ranks are never promoted silently."""

import importlib.util
import mmap
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLAGS = {
    # XLA 0.10 on two cores may deadlock on many small triangular systems that its threads share.
    "xla_cpu_multi_thread_eigen": "false",
    # Its emitters of fused loops take half of all compile time, which is most of the time of these tests. The
    # weekly run uses them, as users do.
    "xla_cpu_use_fusion_emitters": "false",
}


def known_flags(names):
    """Return those of these XLA flags that the installed jaxlib accepts; it aborts on any other."""
    spec = importlib.util.find_spec("jaxlib")
    library = Path(spec.origin).with_name("libjax_common.so")
    if not library.exists():  # not Linux
        return []
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return [name for name in names if content.find(f"\0{name}\0".encode()) >= 0]


os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".jax_cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
ours = [f"--{name}={FLAGS[name]}" for name in known_flags(FLAGS)]
os.environ["XLA_FLAGS"] = " ".join([*ours, os.environ.get("XLA_FLAGS", "")])  # later flags win

import jax  # noqa: E402  (the environment must be set first)
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from tests.helpers import interval_coverage, mutant  # noqa: E402

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "standard")

MAPPINGS = Path("/proc/self/maps")
MOST_MAPPINGS = 45_000
"""A program compiled for a CPU keeps some ten memory mappings; past 65,530 of them Linux lets XLA crash."""


os.environ.setdefault("JGEN_FUZZ_SEED", str(secrets.randbits(31)))


def pytest_report_header():
    """Tell the seed of the fuzz (``tests/fuzz``), by which its cases can be run again."""
    return f"JGEN_FUZZ_SEED={os.environ['JGEN_FUZZ_SEED']}"


@pytest.fixture
def x64():
    """Run a whole test in float64: arrays made inside lose it in their first operation outside."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def broadcasting():
    """Allow rank promotion where NumPyro itself is called with batches; our own code never needs it."""
    with jax.numpy_rank_promotion("allow"):
        yield


@pytest.fixture
def rng():
    """Return a generator of numbers for a test, the same in whatever order the tests run."""
    return np.random.default_rng(0)


@pytest.fixture
def optimised():
    """Compile as users do: for tests whose programs run for longer than they compile."""
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture
def unoptimised():
    """Compile without much optimisation: for slow tests whose programs compile for longer than they run."""
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Compile without much optimisation, but for slow tests, which run for longer than they compile."""
    slow = any(item.get_closest_marker(name) for name in ("slow", "weekly"))
    jax.config.update("jax_disable_most_optimizations", not slow)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown():
    """Drop compiled programs before there are too many; those still used are read back from the disk."""
    if MAPPINGS.exists() and MAPPINGS.read_bytes().count(b"\n") > MOST_MAPPINGS:
        jax.clear_caches()


@pytest.fixture
def coverage(record_property):
    """Return a function that records ``(kind, estimator, target, covered, asked)`` for the pools."""
    return lambda *counted: record_property("coverage", counted)


def recorded(config, kind):
    """Return what the tests of a run recorded under a name, where the summary is written."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = [report for reports in reporter.stats.values() for report in reports] if reporter else []
    properties = [item for report in reports for item in getattr(report, "user_properties", ())]
    return [value for name, value in properties if name == kind]


def pytest_sessionfinish(session):
    """Fail the run if a pool of intervals is outside its claim, even if every test passed."""
    if not hasattr(session.config, "workerinput"):
        interval_coverage.fail_outside_claims(session, recorded(session.config, "coverage"))


def pytest_terminal_summary(terminalreporter, config):
    """Print how often intervals covered and how many mutants were killed; each of them with ``-v``."""
    every = config.get_verbosity() > 0
    if counts := interval_coverage.counts_of(recorded(config, "coverage")):
        terminalreporter.section("coverage of log Z")
        terminalreporter.write_line("\n".join(interval_coverage.table(counts, every=every)))
    if mutants := mutant.results_of(recorded(config, "mutant")):
        terminalreporter.section("mutants")
        terminalreporter.write_line("\n".join(mutant.table(mutants, every=every)))
