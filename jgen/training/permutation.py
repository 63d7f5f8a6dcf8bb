r"""Evaluate a random permutation at given indices, without storing it."""

import jax
import jax.numpy as jnp

from jgen.types import Array, Key

ROUNDS = 16
"""Enough that all 120 orders of 5 numbers are equally likely; 12 are not."""


def permuted(key: Key, size: int, places: Array) -> Array:
    r"""Compute images of numbers under a random bijection of :math:`\{0, \dots, n-1\}`.

    A Feistel network on the :math:`2^b \ge n` numbers of b bits: of two halves, each in turn is changed by a
    random function of the other, :math:`l \leftarrow l \oplus F_i(r)` and then
    :math:`r \leftarrow r \oplus F_{i+1}(l)`, which is invertible for any F. A number that
    leaves the range is mapped again until it is inside (cycle walking), which leaves a bijection of the
    range; as :math:`2^b < 2n`, twice does on average.

    Args:
        key: Random key of the bijection.
        size: n, at most 2^31 - 1.
        places: Numbers in [0, n), int32 ``[place]``.

    Returns:
        Their images, int32 ``[place]``.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> sorted(permuted(jax.random.key(0), 5, jnp.arange(5)).tolist())
        [0, 1, 2, 3, 4]

    Reference:
        Black and Rogaway, Ciphers with arbitrary finite domains, CT-RSA 2002.
    """
    num_bits = max(1, (size - 1).bit_length())
    low_bits = num_bits - num_bits // 2
    low_mask, high_mask = jnp.uint32(2**low_bits - 1), jnp.uint32(2 ** (num_bits // 2) - 1)
    round_keys = jax.random.bits(key, (ROUNDS,), jnp.uint32)

    def encipher(number: Array) -> Array:
        low, high = number & low_mask, number >> low_bits
        for first, second in zip(round_keys[::2], round_keys[1::2], strict=True):
            low ^= _mix(high ^ first) & low_mask
            high ^= _mix(low ^ second) & high_mask
        return (high << low_bits) | low

    def walk(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        number, in_range = carry
        number = jnp.where(in_range, number, encipher(number))
        return number, number < size

    start = (places.astype(jnp.uint32), jnp.zeros(places.shape, bool))
    images, _ = jax.lax.while_loop(lambda carry: ~carry[1].all(), walk, start)
    return images.astype(jnp.int32)


def _mix(word: Array) -> Array:
    """Mix the bits of a word by the finaliser of MurmurHash3."""
    word = (word ^ (word >> 16)) * jnp.uint32(0x85EBCA6B)
    word = (word ^ (word >> 13)) * jnp.uint32(0xC2B2AE35)
    return word ^ (word >> 16)
