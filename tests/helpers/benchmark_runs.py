"""Run benchmarks from the command line and read the file they write."""

import json

import pytest

from benchmarks.command_line import main


def run_benchmark(module, folder, *options):
    """Run ``benchmarks.<module>`` in a folder, and return the figures it writes."""
    file = folder / "figures.json"
    main(module.run, module.Config, [*options, "--json", str(file)])
    text = file.read_text(encoding="utf-8")
    assert str(folder) not in text  # no path of this machine
    figures = json.loads(text, parse_constant=lambda constant: pytest.fail(f"not strict JSON: {constant}"))
    assert figures["machine"]["device"]["cpus"] >= 1
    assert figures["machine"]["versions"]["jax"]
    return figures
