"""Decoders: Flax networks that take latents ``z [batch, latent]`` to a distribution over x, one a file."""

__all__: list[str] = []
