"""The run directory and the command line: whatever happens, what was found is left, whole."""

import base64
import io
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from html.parser import HTMLParser

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgen._internal.atomic_write import atomic_write
from jgen.errors import UsageError
from jgen.experiment.command_line import main, start
from jgen.experiment.report import Report
from jgen.types import Result


@dataclass(frozen=True)
class Config:
    """How many kinds of iris are there?"""

    components: int = 3
    """Number of components of the mixture."""

    def __post_init__(self):
        if self.components < 1:
            raise ValueError(f"components is {self.components}: give at least 1")


def page(directory):
    """Parses the report as XML, which also proves that every element is closed."""
    return ET.fromstring((directory / "report.html").read_text(encoding="utf-8"))


def texts(tree, tag):
    return ["".join(e.itertext()) for e in tree.iter(f"{{http://www.w3.org/1999/xhtml}}{tag}")]


def test_a_run_leaves_config_metrics_figures_and_report(tmp_path):
    from matplotlib.figure import Figure

    with start("mixture", Config(4), tmp_path / "run") as run:
        with run.stage("fit", total=2) as advance:
            advance(2)
        run.log(step=1, loss=jnp.float32(jnp.nan), value=Result(1.0, 0.0, 2.0, 3, "m", {}))
        run.log(step=2, loss=np.inf)
        run.section("Result")
        run.text("One.\n\nTwo.")
        run.table([{"k": 1, "fit": -180.19}, {"k": 2, "name": "<b>"}], "The fits.")
        run.figure("curve", Figure(), "A curve.")
    files = {str(p.relative_to(run.directory)) for p in run.directory.rglob("*") if p.is_file()}
    assert files == {"config.json", "metrics.jsonl", "report.html", "figures/curve.png", "figures/curve.svg"}

    config = json.loads((run.directory / "config.json").read_text())
    assert config["config"] == {"components": 4}
    assert config["versions"]["jax"].startswith("0.")
    assert config["device"]["count"] == jax.device_count()
    assert str(tmp_path) not in (run.directory / "config.json").read_text()

    lines = [json.loads(line) for line in (run.directory / "metrics.jsonl").read_text().splitlines()]
    assert [line["loss"] for line in lines] == ["NaN", "Infinity"]
    assert lines[0]["value"]["high"] == 2.0

    tree = page(run.directory)
    assert texts(tree, "h1") == ["mixture"]
    assert texts(tree, "h2") == ["Result", "Time", "How to reproduce"]
    assert texts(tree, "td")[:6] == ["1", "-180.19", "-", "2", "-", "<b>"]
    assert "How many kinds of iris are there?" in texts(tree, "p")
    (image,) = tree.iter("{http://www.w3.org/1999/xhtml}img")
    png = base64.b64decode(image.get("src").removeprefix("data:image/png;base64,"))
    assert png == (run.directory / "figures/curve.png").read_bytes()
    assert "finished after" in texts(tree, "p")[0]


def test_the_report_needs_no_network_and_no_scripts():
    report = Report("t", "q")
    report.figure(b"png", 'a "caption"')
    text = report.html()
    assert not re.findall(r"<script|<link|https?://(?!www\.w3\.org/1999/xhtml)|url\(|@import", text)
    assert 'alt="a &quot;caption&quot;"' in text
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


NASTY = '</pre></style><script>alert("1")</script> & \x00\x1b[31m \ud800 \u2028 ]]> &amp;'


def test_no_text_is_ever_obeyed():
    report = Report(NASTY, NASTY)
    report.section(NASTY)
    report.text(NASTY)
    report.code(NASTY)
    report.table([{NASTY: NASTY}], NASTY)
    report.figure(b"", NASTY)
    text = report.html(facts=NASTY)
    ET.fromstring(text.encode("utf-8"))

    seen = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: seen.append(tag)
    parser.feed(text)
    assert "table" in seen
    assert "script" not in seen
    assert text.count("alert(&quot;1&quot;)") == 12


def test_a_run_that_dies_keeps_what_it_found_and_says_why(tmp_path):
    def die():
        with start("mixture", Config(), tmp_path) as run:
            run.text("found <this>")
            with run.stage("fit"):
                raise RuntimeError("out of <memory>")

    with pytest.raises(RuntimeError, match="out of <memory>"):
        die()
    tree = page(tmp_path)
    assert "found <this>" in texts(tree, "p")
    assert "This run ended early. RuntimeError: out of <memory>" in texts(tree, "p")
    assert "failed after" in texts(tree, "p")[0]
    assert "fit" in texts(tree, "td")
    assert "in die" in "".join(texts(tree, "pre"))
    assert str(os.path.dirname(__file__)) not in (tmp_path / "report.html").read_text()


def test_a_report_stands_after_every_stage(tmp_path):
    with start("mixture", Config(), tmp_path) as run:
        with run.stage("fit"):
            run.text("half way")
        tree = page(tmp_path)
    assert "half way" in texts(tree, "p")
    assert "running after" in texts(tree, "p")[0]


def test_runs_never_overwrite_one_another(tmp_path):
    directories = set()
    for _ in range(3):
        with start("mixture", Config(), root=tmp_path) as run:
            directories.add(run.directory)
    assert len(directories) == 3
    with (
        pytest.raises(UsageError, match="is not empty: choose another --out"),
        start("m", Config(), run.directory),
    ):
        pass


def test_a_directory_that_cannot_be_made_fails_before_the_work(tmp_path):
    atomic_write(tmp_path / "file", "")
    message = r"cannot make .*Not a directory; choose another --out"
    with pytest.raises(UsageError, match=message), start("m", Config(), tmp_path / "file" / "run"):
        pytest.fail("the work began")


def test_a_file_is_whole_or_untouched(tmp_path, monkeypatch):
    path = tmp_path / "a"
    atomic_write(path, "old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        atomic_write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def mixture(config, run):
    run.log(components=config.components)


def jgen_mistake(_config, _run):
    raise ValueError("sigma is -1:\ngive a positive number")


def missing_data(_config, _run):
    open("no-such-file", encoding="utf-8").close()


def accident(_config, _run):
    int("x")


def stopped(_config, _run):
    raise KeyboardInterrupt


def test_main_runs_and_says_where_the_report_is(tmp_path, capsys):
    main(mixture, Config, ["--components", "5", "--out", str(tmp_path / "run")])
    assert capsys.readouterr().out == f"report: {tmp_path / 'run' / 'report.html'}\n"
    facts = json.loads((tmp_path / "run" / "config.json").read_text())
    assert facts["config"] == {"components": 5}
    assert facts["command"].endswith(f"--components 5 --out {tmp_path / 'run'}")


@pytest.mark.parametrize(
    ("fn", "argument", "line"),
    [
        (mixture, "0", "error: components is 0: give at least 1\n"),
        (missing_data, "3", "error: [Errno 2] No such file or directory: 'no-such-file'\n"),
    ],
)
def test_a_users_mistake_is_one_line_and_code_2(fn, argument, line, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("jgen.experiment.command_line.OWN", (__name__.partition(".")[0],))
    with pytest.raises(SystemExit) as stop:
        main(fn, Config, ["--components", argument, "--out", str(tmp_path / "run")])
    assert stop.value.code == 2
    assert capsys.readouterr() == ("", line)


def test_a_value_error_raised_on_purpose_is_a_mistake_and_one_met_by_accident_is_not(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("jgen.experiment.command_line.OWN", (__name__.partition(".")[0],))
    with pytest.raises(SystemExit):
        main(jgen_mistake, Config, ["--out", str(tmp_path / "a")])
    assert capsys.readouterr().err == "error: sigma is -1: give a positive number\n"
    with pytest.raises(ValueError, match="invalid literal"):
        main(accident, Config, ["--out", str(tmp_path / "b")])
    monkeypatch.setattr("jgen.experiment.command_line.OWN", ("jgen",))
    with pytest.raises(ValueError, match="sigma"):
        main(jgen_mistake, Config, ["--out", str(tmp_path / "c")])


def test_ctrl_c_leaves_the_report(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(stopped, Config, ["--out", str(tmp_path)])
    assert stop.value.code == 130
    assert capsys.readouterr().err == "stopped\n"
    assert "stopped after" in texts(page(tmp_path), "p")[0]


def test_an_unknown_option_is_explained_with_code_2(capsys):
    with pytest.raises(SystemExit) as stop:
        main(mixture, Config, ["--compnents", "3"])
    assert stop.value.code == 2
    assert "--components" in capsys.readouterr().err


def test_help_is_the_docstrings(capsys):
    with pytest.raises(SystemExit) as stop:
        main(mixture, Config, ["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert stop.value.code == 0
    assert "How many kinds of iris are there?" in text
    assert "Number of components of the mixture. (default: 3)" in text


def test_the_terminal_in_a_log_has_no_control_codes(tmp_path, capsys):
    with start("mixture", Config(), tmp_path) as run:
        with run.stage("fit", total=3) as advance:
            advance(3)
        run.table([{"[bold]k": "[red]1"}], "[blue]T")
    out, err = capsys.readouterr()
    assert re.fullmatch(r"fit \.\.\.\nfit: \d+\.\d s\n", err)
    assert "[bold]k" in out
    assert "[red]1" in out
    assert "[blue]T" in out
    assert "\x1b" not in out + err


def test_a_terminal_that_knows_only_ascii_is_enough(tmp_path):
    code = (
        "from jgen.experiment import start\n"
        f"with start('m', {{}}, {str(tmp_path / 'run')!r}) as run:\n"
        "    run.table([{'a': 1}], 'caption')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"| 1 |" in done.stdout


def test_an_empty_table_is_refused():
    with pytest.raises(ValueError, match="the table is empty"):
        Report("t").table([])


def test_the_png_of_a_report_is_the_png_given():
    report = Report("t")
    report.figure(io.BytesIO(b"\x00\xff").getvalue(), "c")
    assert base64.b64encode(b"\x00\xff").decode() in report.html()
