"""Test the command line ``python -m jgen``."""

import pytest

from jgen.__main__ import FAMILIES, main

WALK = """
import jax, jax.numpy as jnp
from jax.tree_util import Partial
from jgen.types import DrawKind, Draws, Sampler

def init(log_density, key, position):
    return position

def step(log_density, sign, step_size, key, x):
    noise_key, accept_key = jax.random.split(key)
    proposal = x + step_size * jax.random.normal(noise_key, x.shape)
    log_ratio = sign * (log_density(proposal) - log_density(x))
    x = jnp.where(jnp.log(jax.random.uniform(accept_key)) < log_ratio, proposal, x)
    info = {"num_grads": jnp.int32(0), "num_log_densities": jnp.int32(2)}
    return x, Draws(x, info, log_weight=None, kind=DrawKind.MARKOV)

def make(target, scale, sign=1.0):
    bound = (jnp.asarray(sign), jnp.asarray(scale))
    return Sampler(Partial(init, target.log_density), Partial(step, target.log_density, *bound))

def reversed_ratio(target, scale):
    return make(target, scale, -1.0)

def neither(a, b, c):
    return None
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The README's own kernel in a file, and the same with its acceptance ratio reversed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk.py").write_text(WALK, encoding="utf-8")
    return "walk.py"


def test_every_family_is_listed_with_a_line_on_each_member(capsys):
    main([])
    output = capsys.readouterr().out
    for title, family in FAMILIES.items():
        assert title in output
        listed = list(family())
        assert len(listed) > 2, title
        assert not any(":math:" in line for _, line in listed), title
        assert all(line for _, line in listed), title
        assert all(name in output for name, _ in listed)
    assert {"nuts", "banana", "MLP", "Bernoulli", "elbo", "vae", "digits", "mixture", "window"} <= set(
        output.split()
    )


@pytest.mark.slow
def test_a_right_kernel_passes_and_its_table_says_what_was_measured(file, capsys):
    """A right kernel fails with probability 1e-6 at most."""
    main(["check", f"{file}:make"])
    output = capsys.readouterr().out
    assert "invariance" in output
    assert "passes" in output


def test_a_reversed_ratio_fails_in_words(file, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["check", f"{file}:reversed_ratio"])
    assert stopped.value.code == 1
    output = capsys.readouterr().out
    assert "fails" in output
    assert "ratio that is reversed" in " ".join(output.split())


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["walk.py"], "give FILE.py:NAME"),
        (["nothing.py:make"], "there is no file"),
        (["walk.py:other"], "defines no other; it defines init, step, make, reversed_ratio, neither"),
        (["walk.py:neither"], "NAME(target, scale) -> Sampler"),
        (["walk.py:make", "--target", "moon"], "--target: there is no moon"),
    ],
)
def test_mistakes_are_one_line_and_code_2(arguments, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["check", *arguments])
    assert stopped.value.code == 2
    assert words in " ".join(capsys.readouterr().err.split())
