"""Extractors: names, digests, batches that do not change features, and input that is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen.errors import UsageError
from jgen.evaluation.metric import read_features
from jgen.features import Extractor, digest_of, from_network, raw
from jgen.features.extractor import check_extractor
from jgen.testing import count_compilations
from tests.helpers.extractor_checks import check_rows_alone

WEIGHTS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def project(w, x):
    return jnp.tanh(x.reshape(len(x), -1) @ w)


def normalise(w, x):
    """A batch normalisation left in training: the features of a row depend on its batch."""
    y = project(w, x)
    return (y - y.mean(0, keepdims=True)) / (1 + y.std(0, keepdims=True))


def test_features_do_not_change_with_the_batch(rng):
    x = rng.normal(size=(8, 2, 3))
    extractor = from_network("projection", project, WEIGHTS, batch_size=3)
    np.testing.assert_allclose(extractor(x), np.tanh(x.reshape(8, 6) @ WEIGHTS), rtol=1e-5, atol=1e-6)
    check_rows_alone(extractor, x)
    check_rows_alone(raw(), x)


def test_features_that_change_with_the_batch_are_seen(rng):
    """The classic fault, without which the check would show nothing."""
    extractor = from_network("projection", normalise, WEIGHTS, batch_size=3)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_rows_alone(extractor, rng.normal(size=(8, 2, 3)))


def test_products_have_full_precision_on_every_device():
    """A GPU would round the factors to ten binary digits."""
    extractor = from_network("projection", project, WEIGHTS)
    program = str(jax.make_jaxpr(extractor.apply)(jnp.zeros((2, 6))))
    assert "HIGHEST" in program
    assert "HIGHEST" not in str(jax.make_jaxpr(project)(WEIGHTS, jnp.zeros((2, 6))))


def test_any_number_of_rows_is_one_program(rng):
    extractor = from_network("projection", project, WEIGHTS, batch_size=4)
    extractor(rng.normal(size=(1, 6)))
    with count_compilations() as compiled:
        for count in (1, 2, 4, 5, 9):
            assert extractor(rng.normal(size=(count, 6))).shape == (count, 4)
    assert compiled == []


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, int, bool])
def test_raw_hands_rows_on_in_their_type(dtype):
    x = np.arange(12).reshape(3, 2, 2).astype(dtype)
    features = raw()(x)
    assert features.dtype == dtype
    np.testing.assert_array_equal(features, x.reshape(3, 4))


def test_a_digest_is_of_names_shapes_types_and_bytes():
    one = {"a": np.arange(4.0), "b": np.ones(2, np.float32)}
    others = [
        {"a": np.arange(4.0), "c": np.ones(2, np.float32)},
        {"a": np.arange(4.0).reshape(2, 2), "b": np.ones(2, np.float32)},
        {"a": np.arange(4.0), "b": np.ones(2, np.int32)},
        {"a": np.arange(4.0), "b": np.ones(2, np.float16)},
        {"a": np.nextafter(np.arange(4.0), 9), "b": np.ones(2, np.float32)},
        {"a": np.arange(4.0)},
    ]
    digests = {digest_of(params) for params in [one, *others]}
    assert len(digests) == 7
    assert digest_of({"b": jnp.ones(2), "a": np.arange(8.0).reshape(4, 2)[:, 0] / 2}) == digest_of(one)
    assert from_network("a", project, one).protocol == {"extractor": "a", "digest": digest_of(one)}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.zeros((0, 6)), "one or more; got shape"),
        (np.float64(3.0), "one or more; got shape"),
        ([np.zeros(3), np.zeros(4)], "rows of one shape"),
    ],
    ids=["none", "scalar", "ragged"],
)
def test_what_is_not_rows_is_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        raw()(rows)


@pytest.mark.parametrize(
    "apply", [lambda x: x.sum(), lambda x: x.sum(0), lambda x: x[:1], lambda x: x[:, :, None]]
)
def test_features_that_are_not_a_vector_a_row_are_refused(apply):
    with pytest.raises(ValueError, match=r"must return features \[batch, dim\]"):
        Extractor("own", "", apply, batch_size=2)(np.zeros((3, 6)))


@pytest.mark.parametrize("extractor", ["inception-v3", None, np.tanh, 3])
def test_what_is_no_extractor_is_refused(extractor):
    with pytest.raises(UsageError, match=r"is no Extractor: give one of jgen\.features"):
        check_extractor(extractor)
    with pytest.raises(UsageError, match="is no Extractor"):
        read_features(extractor, "real", np.zeros((3, 2)))


def test_a_batch_of_no_rows_is_refused():
    with pytest.raises(ValueError, match="batch_size must be at least 1; got 0"):
        from_network("projection", project, WEIGHTS, batch_size=0)
