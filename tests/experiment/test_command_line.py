"""Check the command line of experiments: options, help, mistakes of the user."""

import json
from dataclasses import dataclass

import jax
import pytest

from jgen.experiment.command_line import as_usage_error, at_least, main
from tests.helpers.run_outputs import report_of, texts, usage_error


@dataclass(frozen=True)
class Config:
    """How many kinds of iris are there?"""

    components: int = 3
    """Number of components of the mixture."""

    def __post_init__(self):
        at_least(self, components=1)


def mixture(config, run):
    run.log(components=config.components)


def missing_data(_config, _run):
    open("no-such-file", encoding="utf-8").close()


def checked_data(_config, _run):
    with as_usage_error():
        raise ValueError("column 3 is constant:\ndrop it")


def bug(_config, _run):
    raise ValueError("sigma is -1")


def stopped(_config, _run):
    raise KeyboardInterrupt


def test_a_run_prints_the_path_of_its_report_and_records_where_numbers_come_from(tmp_path, capsys):
    folder = tmp_path / "run"
    main(mixture, Config, ["--components", "5", "--out", str(folder)])
    assert capsys.readouterr().out == f"report: {folder / 'report.html'}\n"
    facts = json.loads((folder / "config.json").read_text())
    assert (facts["config"], facts["versions"]["jax"]) == ({"components": 5}, jax.__version__)
    assert facts["device"]["count"] == jax.device_count()
    assert facts["command"].endswith(f"--components 5 --out {folder}")
    assert not facts["command"].startswith("python /")
    assert "How many kinds of iris are there?" in texts(report_of(folder), "p")


@pytest.mark.parametrize(
    ("fn", "components", "line"),
    [
        (mixture, "0", "error: --components must be at least 1; got 0"),
        (missing_data, "3", "error: [Errno 2] No such file or directory: 'no-such-file'"),
        (checked_data, "3", "error: column 3 is constant: drop it"),
    ],
)
def test_a_mistake_of_the_user_prints_one_line_with_code_2(fn, components, line, tmp_path, capsys):
    options = ["--components", components, "--out", str(tmp_path / "run")]
    assert usage_error(capsys, main, fn, Config, options) == line


def test_any_other_exception_keeps_its_traceback(tmp_path):
    with pytest.raises(ValueError, match="sigma"):
        main(bug, Config, ["--out", str(tmp_path)])


def test_an_interrupted_run_has_a_report(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(stopped, Config, ["--out", str(tmp_path)])
    assert stop.value.code == 130
    assert capsys.readouterr().err == "stopped\n"
    assert "stopped after" in texts(report_of(tmp_path), "p")[0]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--compnents", "3"], 2, "--components"),
        (["--help"], 0, "How many kinds of iris are there?"),
        (["--help"], 0, "Number of components of the mixture. (default: 3)"),
    ],
)
def test_options_are_explained(options, code, words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(mixture, Config, options)
    assert stop.value.code == code
    assert words in " ".join("".join(capsys.readouterr()).split())
