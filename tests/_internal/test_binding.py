"""Test bound functions: equal options are one function."""

from jax.tree_util import Partial

from jgen._internal.binding import as_partial, bind_static


def test_equal_options_are_one_function():
    assert bind_static(sorted, reverse=True) is bind_static(sorted, reverse=True)
    assert bind_static(sorted, reverse=True)([1, 3, 2]) == [3, 2, 1]
    bound = Partial(max, 3)
    assert as_partial(bound) is bound
    assert as_partial(max)(1, 2) == 2
