"""Check the data that encoders are given."""

from jgen.types import Array


def check_encoder_input(name: str, x: Array, *, spatial: bool = False) -> None:
    """Check that data have the axes that a network reads.

    Args:
        name: Name of the network.
        x: Data, which must be ``[batch, ...]``.
        spatial: Whether they must be ``[batch, *space, channel]``, with one axis of space or more.

    Raises:
        ValueError: If they have too few axes; the message states what is required.
    """
    if spatial and x.ndim < 3:
        raise ValueError(
            f"{name} takes data [batch, *space, channel], got an array of shape {x.shape}: reshape it, "
            "x[..., None] for one channel"
        )
    if x.ndim < 2:
        raise ValueError(f"{name} takes data [batch, ...], got an array of shape {x.shape}: give x[None]")
