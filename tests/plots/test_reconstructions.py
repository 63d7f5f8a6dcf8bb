"""Check that reconstructions are below their originals."""

import numpy as np

from jgen import plots
from tests.helpers.drawn_images import framed, frames_of, grey

RNG = np.random.default_rng(0)
GREY = RNG.uniform(size=(11, 6, 5, 1))


def test_reconstructions_are_below_their_originals():
    decoded = {"linear": RNG.uniform(size=GREY.shape), "deep": RNG.uniform(size=GREY.shape)}
    figure = plots.reconstructions(GREY, decoded, columns=6)
    series = [GREY, decoded["linear"], decoded["deep"]]
    wanted = [images[block] for block in (slice(6), slice(6, 11)) for images in series]
    np.testing.assert_array_equal(framed(figure), grey(np.concatenate(wanted)))
    lefts = [frame[:, 0].min() for frame in frames_of(figure)]
    assert lefts[2] == lefts[8] == lefts[14]  # the third of each row
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == 2 * ["original", "linear", "deep"]
    single = plots.reconstructions(GREY, decoded["deep"])
    np.testing.assert_array_equal(framed(single)[11:], grey(decoded["deep"]))
