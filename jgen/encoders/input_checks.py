"""What encoders share."""

from jgen.types import Array


def check_encoder_input(name: str, x: Array, num_axes: int | None = None) -> None:
    """Refuses data whose axes are not what the network reads.

    Args:
        name: Of the network.
        x: Data, which must be ``[batch, ...]``.
        num_axes: How many axes of space there must be, between the batch's and the channels'; None for any.

    Raises:
        ValueError: Saying what to do.
    """
    if num_axes is None and x.ndim < 2:
        raise ValueError(f"{name} takes data [batch, ...], got an array of shape {x.shape}: give x[None]")
    if num_axes is not None and x.ndim != num_axes + 2:
        raise ValueError(
            f"{name} takes data [batch, {num_axes} axes of space, channel], got an array of shape {x.shape}: "
            "reshape it, x[..., None] for one channel"
        )
