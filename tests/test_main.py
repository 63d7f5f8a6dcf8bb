"""Test the command line ``python -m jgen``."""

import pytest

from jgen.__main__ import FAMILIES, main
from tests.test_docs import blocks, read

WALK = blocks(read("docs/extend.md"), "python")[0]
RATIO = "value - state.log_density"


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The kernel of the guide in a file, and the same with its acceptance ratio reversed."""
    monkeypatch.chdir(tmp_path)
    assert WALK.count(RATIO) == 1
    (tmp_path / "walk.py").write_text(WALK, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(WALK.replace(RATIO, f"-({RATIO})"), encoding="utf-8")


def test_every_family_is_listed_with_a_line_on_each_member(capsys):
    main([])
    output = capsys.readouterr().out
    for title, family in FAMILIES.items():
        assert title in output
        listed = list(family())
        assert len(listed) > 2, title
        assert all(line and ":math:" not in line and name in output for name, line in listed), title
    some = {"nuts", "banana", "MLP", "Bernoulli", "elbo", "vae", "digits", "mixture", "window"}
    assert some <= set(output.split())


@pytest.mark.usefixtures("file")
def test_a_reversed_ratio_fails_in_words(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["check", "wrong.py:make"])
    assert stopped.value.code == 1
    output = capsys.readouterr().out
    assert "fails" in output
    assert "ratio that is reversed" in " ".join(output.split())


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["walk.py"], "give FILE.py:NAME"),
        (["nothing.py:make"], "there is no file"),
        (["walk.py:other"], "defines no other; it defines State, t_walk, init, step, make"),
        (["walk.py:init"], "NAME(target, scale) -> Sampler"),
        (["walk.py:make", "--target", "moon"], "--target: there is no moon"),
    ],
)
def test_mistakes_are_one_line_and_code_2(arguments, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["check", *arguments])
    assert stopped.value.code == 2
    assert words in " ".join(capsys.readouterr().err.split())
