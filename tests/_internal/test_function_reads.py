"""Check what functions are taken to read from outside."""

from jgen._internal.function_reads import is_fixed
from jgen.distributions.parameters import log_prob_inside


def test_the_methods_of_an_object_may_change_and_a_table_of_types_need_not():
    assert not is_fixed({"mean": 0.0}.get)
    assert is_fixed(abs)
    is_fixed(log_prob_inside)  # its registry has types for keys, which have no order
