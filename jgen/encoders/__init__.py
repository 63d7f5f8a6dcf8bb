"""Encoders: Flax networks that take data ``x [batch, *event]`` to a distribution over z; one a file."""

__all__: list[str] = []
