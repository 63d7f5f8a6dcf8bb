"""Features of texts: counts of hashed n-grams, the same in every process."""

from zlib import crc32

import numpy as np
import pytest

from jgen.features import HashedCharacters


def test_features_are_signed_counts():
    expected = np.zeros(16)
    for gram in ("a", "b", "a", "ab", "ba"):
        number = crc32(gram.encode())
        expected[number % 16] += -1 if number >= 2**31 else 1
    features = HashedCharacters(orders=(1, 2), dim=16)(["aba", ""])
    np.testing.assert_allclose(features[0], expected / np.linalg.norm(expected))
    assert not features[1].any()


def test_known_features():
    """The CRC-32 of "a" is 0xE8B7BE43."""
    features = HashedCharacters(orders=(1,), dim=512)(["a"])
    assert np.flatnonzero(features).tolist() == [0xE8B7BE43 % 512]
    assert features.min() == -1


def test_options_are_in_the_digest():
    digests = {HashedCharacters().digest, HashedCharacters(dim=64).digest, HashedCharacters((1,)).digest}
    assert len(digests) == 3
    assert HashedCharacters().protocol == {
        "extractor": "hashed character n-grams",
        "digest": HashedCharacters().digest,
    }


def test_inner_products_are_unbiased(rng):
    """Over many pairs of texts without a common letter the mean inner product is 0 within its scatter."""
    features = HashedCharacters(dim=64)
    first = features(["".join(rng.choice(list("abcdefghijklm"), size=12)) for _ in range(300)])
    second = features(["".join(rng.choice(list("nopqrstuvwxyz"), size=12)) for _ in range(300)])
    assert abs(first.mean(0) @ second.mean(0)) < 0.2


@pytest.mark.parametrize("texts", ["one", [], [1], np.zeros((2, 3))])
def test_other_input_is_refused(texts):
    with pytest.raises(ValueError, match="list of strings"):
        HashedCharacters()(texts)
