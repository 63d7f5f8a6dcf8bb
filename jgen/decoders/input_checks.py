"""Check the latents and shapes that decoders are given."""

from jgen.types import Array


def check_decoder_input(name: str, z: Array, shape: tuple[int, ...], *, spatial: bool = False) -> None:
    """Check that latents are rows, and that a network can make x of this shape.

    Args:
        name: Name of the decoder.
        z: Latents, which must be ``[batch, latent]``.
        shape: Shape of x.
        spatial: Whether x needs axes of space before its last axis, of channels.

    Raises:
        ValueError: If not; the message states what is required.
    """
    if z.ndim != 2:
        raise ValueError(
            f"{name} takes latents z [batch, latent], got an array of shape {z.shape}: give one row to each "
            "latent, z[None] for a single one"
        )
    if any(size < 1 for size in shape):
        raise ValueError(f"{name} makes x of at least 1 on every axis, got shape={shape}")
    if spatial and len(shape) < 2:
        raise ValueError(f"{name} makes x of axes of space and one of channels, (8, 8, 1), got shape={shape}")
