"""Check that samples are shown by what they are."""

import numpy as np
import pytest

from jgen.applications import show_samples
from jgen.experiment import start
from tests.helpers.run_outputs import report_of, texts


@pytest.fixture
def run(tmp_path):
    with start("show", {}, out=tmp_path / "run") as made:
        yield made


def test_numbers_have_a_table(run, rng):
    show_samples(run, {"real": rng.normal(size=(50, 2, 3)), "made": np.full((9, 2, 3), 7.0)})
    run.save("finished")
    cells = texts(report_of(run.directory), "td")
    assert cells[:3] == ["real", "50", "6"]
    assert cells[7:14] == ["made", "9", "6", "7", "0", "7", "7"]


def test_text_is_shown_as_it_is(run):
    show_samples(run, {"real": np.array(["<b>one</b>", "two"]), "made": np.array(["three"] * 40)})
    run.save("finished")
    shown = texts(report_of(run.directory), "pre")
    assert shown[0] == "<b>one</b>\ntwo"
    assert shown[1].count("three") == 36


def test_images_of_each_sample_are_a_figure(run):
    show_samples(
        run, {"real": np.full((3, 4, 4, 3), 16, np.uint8), "a name / of a path": np.zeros((3, 4, 4, 3))}
    )
    assert len(list((run.directory / "figures").glob("*.png"))) == 2
