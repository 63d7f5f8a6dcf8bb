"""Check the rows of the benchmark of nearest neighbours; times are not checked."""

import pytest

from benchmarks import neighbours
from benchmarks.command_line import main
from tests.helpers.benchmark_runs import run_benchmark


@pytest.mark.slow
def test_each_task_has_both_programs(tmp_path):
    rows = run_benchmark(neighbours, tmp_path, "--seconds", "0.01", "--num-rows", "300", "--dim", "3")["rows"]
    assert len(rows) == 6
    assert [row["ratio"] for row in rows[1::2]] == [1, 1, 1]
    assert all(row["seconds"] > 0 and row["megabytes"] > 0 for row in rows)


def test_wrong_options_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(neighbours.run, neighbours.Config, ["--num-rows", "3"])
    assert "20 or more" in capsys.readouterr().err
