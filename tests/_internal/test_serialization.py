"""Test that serialised numbers are read back unchanged, NaN and infinities too."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen._internal.serialization import record, to_json
from jgen.types import DrawKind, Result


@dataclass(frozen=True)
class Inner:
    sizes: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Config:
    inner: Inner = Inner()
    kind: DrawKind = DrawKind.MARKOV
    out: Path | None = None
    options: Mapping[str, float] = field(default_factory=lambda: {"a": float("inf")})


CONFIG = {"inner": {"sizes": [1, 2]}, "kind": "MARKOV", "out": None, "options": {"a": "Infinity"}}
RESULT = dict(
    zip(
        Result._fields,
        (1.0, "-Infinity", 2.0, 3, "m", {"k": 5}, "Infinity", None, [], None, None),
        strict=True,
    )
)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Config(), CONFIG),
        (Result(1.0, float("-inf"), 2.0, 3, "m", {"k": 5}), RESULT),
        (jnp.array([1.0, jnp.nan]), [1.0, "NaN"]),
        (np.float32(0.1), float(np.float32(0.1))),
        (jnp.bfloat16(0.5), 0.5),
        (np.int64(2**53 + 1), 2**53 + 1),
        (True, True),
        (np.bool_(True), True),
        (1 + 2j, {"real": 1.0, "imag": 2.0}),
        (jnp.complex64(1j), {"real": 0.0, "imag": 1.0}),
        ({3: {1, 2}}, {"3": [1, 2]}),
        (np.mean, "numpy.mean"),
        (functools.partial(np.mean, axis=0), "numpy.mean"),
        (object(), "<object>"),
        (Result, "jgen.types.Result"),
        (np.zeros((0, 2)), []),
    ],
)
def test_record_keeps_every_number(value, plain):
    assert record(value) == plain
    assert json.loads(to_json(value)) == plain


def test_a_float_is_read_back_bit_for_bit():
    values = np.array([0.1, -1e-320, np.pi, np.inf, -np.inf, 1.7976931348623157e308])
    np.testing.assert_array_equal([float(x) for x in json.loads(to_json(values))], values)
    assert np.isnan(float(json.loads(to_json(np.nan))))


def test_a_typed_key_can_be_rebuilt():
    key = jax.random.key(3)
    words = jnp.asarray(record(key), jnp.uint32)
    assert jax.random.wrap_key_data(words) == key
