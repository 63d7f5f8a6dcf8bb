"""Check what a run writes, also when it fails."""

import base64
import io
import json
import os
import re
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure

from jgen.errors import UsageError
from jgen.experiment.run_folder import start
from jgen.types import Result
from tests.helpers.run_outputs import XHTML, metrics_of, report_of, texts


def test_a_run_writes_config_metrics_figures_and_report(tmp_path):
    with start("mixture", {"components": 4}, tmp_path / "run") as run:
        run.log(step=1, loss=jnp.float32(jnp.nan), value=Result(1.0, 0.0, 2.0, 3, "m", {}))
        run.section("Result")
        run.text("One.\n\nTwo.")
        run.table([{"k": 1, "fit": -180.19}, {"k": 2, "name": "<b>"}], "The fits.", log=True)
        run.figure("curve", Figure(), "A curve.")
    files = {str(p.relative_to(run.directory)) for p in run.directory.rglob("*") if p.is_file()}
    assert files == {"config.json", "metrics.jsonl", "report.html", "figures/curve.png", "figures/curve.svg"}

    config = (run.directory / "config.json").read_text()
    assert json.loads(config)["config"] == {"components": 4}
    assert str(tmp_path) not in config

    first, *rows = metrics_of(run.directory)
    assert (first["loss"], first["value"]["high"]) == ("NaN", 2.0)
    assert [row["k"] for row in rows] == [1, 2]

    tree = report_of(run.directory)
    assert texts(tree, "h1") == ["mixture"]
    assert texts(tree, "h2") == ["Result", "Time", "How to reproduce"]
    assert texts(tree, "td")[:6] == ["1", "-180.19", "-", "2", "-", "<b>"]
    (image,) = tree.iter(f"{XHTML}img")
    png = base64.b64decode(image.get("src").removeprefix("data:image/png;base64,"))
    assert png == (run.directory / "figures/curve.png").read_bytes()
    assert "finished after" in texts(tree, "p")[0]


def test_a_failed_run_keeps_its_results_and_reports_the_error(tmp_path):
    def fail():
        with start("mixture", {}, tmp_path) as run:
            run.text("found <this>")
            with run.stage("fit"):
                raise RuntimeError("out of <memory>")

    with pytest.raises(RuntimeError, match="out of <memory>"):
        fail()
    tree = report_of(tmp_path)
    facts, *others = texts(tree, "p")
    assert "failed after" in facts
    assert {"found <this>", "This run ended early. RuntimeError: out of <memory>"} <= set(others)
    assert "fit" in texts(tree, "td")
    assert "in fail" in "".join(texts(tree, "pre"))
    assert str(os.path.dirname(__file__)) not in (tmp_path / "report.html").read_text()


def test_a_report_is_written_after_every_stage(tmp_path):
    with start("mixture", {}, tmp_path) as run:
        with run.stage("fit"):
            run.log(loss=np.inf)
            run.text("half way")
        facts, text = texts(report_of(tmp_path), "p")
    assert metrics_of(tmp_path)[0]["loss"] == "Infinity"
    assert text == "half way"
    assert "running after" in facts


def test_a_run_never_overwrites_another(tmp_path):
    directories = set()
    for _ in range(3):
        with start("mixture", {}, root=tmp_path) as run:
            directories.add(run.directory)
    assert len(directories) == 3
    below_a_file = run.directory / "config.json" / "run"
    for folder, message in (
        (run.directory, "is not empty"),
        (below_a_file, r"cannot make .*Not a directory;"),
    ):
        message += ".* choose another --out"
        with pytest.raises(UsageError, match=message), start("m", {}, folder):
            pytest.fail("the run started")


def test_output_to_a_log_has_no_control_codes(tmp_path, capsys):
    with start("mixture", {}, tmp_path) as run:
        with run.stage("fit", total=3) as advance:
            advance(3)
        run.table([{"[bold]k": "[red]1"}], "[blue]T")
    out, err = capsys.readouterr()
    assert re.fullmatch(r"fit \.\.\.\nfit: \d+\.\d s\n", err)
    for text in ("[bold]k", "[red]1", "[blue]T"):
        assert text in out
    assert "\x1b" not in out + err


def test_tables_print_on_an_ascii_terminal(tmp_path, monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    with start("m", {}, tmp_path / "run") as run:
        run.table([{"a": 1}], "caption")
    output.flush()
    assert b"| 1 |" in output.buffer.getvalue()
