"""Check that equal arguments share one optimizer."""

from jgen.applications.cosine_adam import cosine_adam


def test_equal_arguments_share_one_optimizer():
    assert cosine_adam(0.1, 10) is cosine_adam(0.1, 10) is not cosine_adam(0.1, 11)
    assert cosine_adam(0.1, 10, 0.5) is not cosine_adam(0.1, 10)
