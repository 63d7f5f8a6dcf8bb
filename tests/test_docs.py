"""What the documents say is run: docstring examples, the README's code, its commands."""

import doctest
import importlib
import re
import shlex
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
HOME = Path(__file__).parents[1]
TREES = ("jgen", "experiments", "benchmarks")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
SETUP = re.compile(
    r'python3 -m venv .*|\.venv/bin/pip install -e (\.|"\.\[test\]")|\.venv/bin/python -m pytest'
)

DEAR = """
    adaptation.chees adaptation.fisher adaptation.ladder adaptation.low_rank adaptation.meads
    applications.digits_classifier applications.fit_linear_vae applications.fit_mixture
    applications.simple_generative_model decoders.graph decoders.heads.continuous_bernoulli
    decoders.heads.discretised_logistic_mixture decoders.mlp diagnostics.ess diagnostics.mcse
    distributions.conditional encoders.critic encoders.mlp_encoder encoders.posteriors.flow
    evidence.bidirectional evidence.bridge evidence.stepping_stones evidence.thermodynamic
    features.digits_classifier interop.from_blackjax interop.from_model interop.from_numpyro
    laws.calibration_base laws.warm_up models.autoregressive models.gaussian_mixture objectives.dreg
    objectives.iwae objectives.renyi reducers.quantiles samplers.accept_reject
    samplers.adaptive_importance samplers.adaptive_rejection samplers.rejection samplers.smc
    samplers.tempering sampling testing.check_decoder testing.check_sampler
"""
"""Examples that compile for two seconds and more: CI runs them, the default suite does not."""


def modules(home=HOME):
    paths = sorted(path for tree in TREES for path in (home / tree).rglob("*.py"))
    parts = (path.relative_to(home).with_suffix("").parts for path in paths if path.stem != "__main__")
    return [".".join(part[:-1] if part[-1] == "__init__" else part) for part in parts]


def run_examples(tests):
    """Runs doctests and hands back what failed, in doctest's own words."""
    said = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in tests:
        runner.run(test, out=said.append)
    return "".join(said)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name.removeprefix("jgen.") in DEAR.split() else name
        for name in modules()
    ],
)
def test_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)
    assert run_examples(doctest.DocTestFinder(exclude_empty=True).find(module, name)) == ""


def blocks(text, *languages):
    """The fenced blocks of a Markdown text in the given languages."""
    fences = re.findall(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", text, flags=re.MULTILINE | re.DOTALL)
    return [
        "\n".join(line.removeprefix(indent) for line in body.splitlines()) + "\n"
        for indent, language, body in fences
        if language in languages
    ]


def commands(text):
    """The commands of a shell text, ``&&`` parted, comments and prompts dropped."""
    joined = text.replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#.*", "", line).strip().removeprefix("$ ") for line in joined.splitlines())
    return [" ".join(part.split()) for line in lines for part in line.split("&&") if part.strip()]


def readme():
    path = HOME / "README.md"
    assert path.is_file(), "README.md is missing: it is the first thing a reader opens"
    return path.read_text(encoding="utf-8")


def test_the_readmes_code_runs(tmp_path, monkeypatch):
    """The blocks are run in order in one namespace, as a reader pastes them into one session."""
    monkeypatch.chdir(tmp_path)
    code = blocks(readme(), "python", "pycon")
    assert code, "the README shows no Python"
    names = {"__name__": "readme"}
    parser = doctest.DocTestParser()
    for number, block in enumerate(code):
        if ">>>" in block:
            test = parser.get_doctest(block, names, f"README block {number}", "README.md", 0)
            test.globs = names  # get_doctest copies them, and the next block would see nothing
            runner = doctest.DocTestRunner(optionflags=FLAGS)
            said = []
            runner.run(test, out=said.append, clear_globs=False)
            assert "".join(said) == ""
        else:
            exec(compile(block, f"README block {number}", "exec"), names)


def setup(lines):
    return list(dict.fromkeys(line for line in lines if SETUP.fullmatch(line)))


def test_the_readmes_setup_is_what_ci_runs():
    told = setup(
        line for block in blocks(readme(), "bash", "sh", "shell", "console") for line in commands(block)
    )
    script = (HOME / ".ci" / "run").read_text(encoding="utf-8")
    run = setup(line.removeprefix("retry ") for line in commands(script))
    assert told == run
    assert run[-2:] == ['.venv/bin/pip install -e ".[test]"', ".venv/bin/python -m pytest"]


def test_the_readmes_modules_exist():
    """``python -m experiments.x`` in the README names a file that is there."""
    lines = [line for block in blocks(readme(), "bash", "sh", "shell", "console") for line in commands(block)]
    named = [re.match(r"\S*python3? -m ([\w.]+)", line) for line in lines]
    ours = [m[1] for m in named if m and m[1].split(".")[0] in TREES]
    assert ours
    assert [name for name in ours if name not in modules()] == []
    assert all(shlex.split(line) for line in lines)


def test_the_readmes_pictures_are_those_that_are_there():
    gallery = {path.relative_to(HOME).as_posix() for path in (HOME / ".github" / "gallery").iterdir()}
    assert set(re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme())) == gallery


def test_a_wrong_example_is_found(tmp_path):
    text = "\n    >>> 1 + 1\n    3\n"
    test = doctest.DocTestParser().get_doctest(text, {}, "planted", None, 0)
    assert "Expected:\n    3\nGot:\n    2" in run_examples([test])
    for name in ("jgen/a.py", "jgen/b/__init__.py", "experiments/__main__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert modules(tmp_path) == ["jgen.a", "jgen.b"]


def test_blocks_and_commands_are_read_as_a_reader_reads_them():
    text = "a\n```python\nx = 1\n```\n- b\n  ```bash\n  $ one && two  # why\n  three \\\n    four\n  ```\n"
    assert blocks(text, "python") == ["x = 1\n"]
    assert commands(blocks(text, "bash")[0]) == ["one", "two", "three four"]
    assert setup(
        ["python3 -m venv .venv", "ls", '.venv/bin/pip install -e ".[dev]"', "python3 -m venv .venv"]
    ) == ["python3 -m venv .venv"]
