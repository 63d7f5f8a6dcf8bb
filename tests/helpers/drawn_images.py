"""Read images back from the figures that draw them."""

import numpy as np


def canvas_of(figure):
    """Return the pixels of the whole canvas ``[height, width, 3]``."""
    return figure.axes[0].images[0].get_array()


def frames_of(figure):
    """Return the corners of each frame, in drawing order."""
    return [path.vertices for path in figure.axes[0].collections[0].get_paths()]


def framed(figure):
    """Return the image in each frame, in drawing order."""
    found = []
    for frame in frames_of(figure):
        (left, top), (right, bottom) = frame.min(0) + 0.5, frame.max(0) + 0.5
        found.append(canvas_of(figure)[int(top) : int(bottom), int(left) : int(right)])
    return found


def grey(images):
    """Repeat one channel as red, green and blue."""
    return np.repeat(images, 3, -1)
