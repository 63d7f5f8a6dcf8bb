"""What decoders share: the check of what they are given."""

from jgen.types import Array


def check_decoder_input(name: str, z: Array, shape: tuple[int, ...], num_axes: int | None = None) -> None:
    """Refuses latents that are no rows, and shapes that are not what the network makes.

    Args:
        name: Of the decoder.
        z: Latents, which must be ``[batch, latent]``.
        shape: That of x.
        num_axes: How many axes of space it must have, before one of channels; None for any shape.

    Raises:
        ValueError: Saying which, and what to do.
    """
    if z.ndim != 2:
        raise ValueError(
            f"{name} takes latents z [batch, latent], got an array of shape {z.shape}: give one row to each "
            "latent, z[None] for a single one"
        )
    if any(size < 1 for size in shape) or (num_axes is not None and len(shape) != num_axes + 1):
        axes = (
            "at least 1 on every axis" if num_axes is None else f"{num_axes} axes and channels, (8, ..., 1)"
        )
        raise ValueError(f"{name} makes x of {axes}, got shape={shape}")
