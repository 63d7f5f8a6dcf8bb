"""Check the fixed hash: its published values, its uniformity, its splits."""

import numpy as np
from scipy.stats import norm

from jgen._internal.fixed_hash import mixed, parted, uniform
from tests.helpers.false_alarms import FALSE_ALARM, z_of


def test_the_hash_is_splitmix64():
    # the published C program's output from the seed 0
    numbers = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert mixed(np.arange(3)).tolist() == numbers


def test_uniforms_are_uniform_and_streams_independent():
    n = 1 << 16
    streams = np.stack([uniform(np.arange(n), stream) for stream in range(3)])
    assert streams.min() > 0
    assert streams.max() < 1
    widest = np.sqrt(np.log(2 * 3 / FALSE_ALARM) / (2 * n))  # Dvoretzky, Kiefer, Wolfowitz
    assert np.abs(np.sort(streams) - (np.arange(n) + 0.5) / n).max() < widest
    normal = norm.ppf(streams)
    together = np.concatenate([normal, normal[:, 1:], normal[:, :1]], 1)[:, : n + 1]
    pairs = [normal[0] @ normal[1], normal[0] @ normal[2], *(row[1:] @ row[:-1] for row in together)]
    assert np.abs(pairs).max() < z_of(len(pairs)) * np.sqrt(n)


def test_splits_are_a_partition():
    parts = parted(1000, {"validation": 100, "test": 200})
    assert {name: len(part) for name, part in parts.items()} == {"train": 700, "validation": 100, "test": 200}
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(1000))
