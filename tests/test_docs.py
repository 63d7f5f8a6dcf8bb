"""Run what the documents say: docstring examples, the code of README and guides, the commands they name."""

import doctest
import importlib
import re
import shlex
from pathlib import Path

import pytest

from jgen.__main__ import main
from tests.helpers.marking import first_of_each

pytestmark = pytest.mark.usefixtures("unoptimised")  # each program runs for less time than it compiles
ROOT = Path(__file__).parents[1]
TREES = ("jgen", "experiments", "benchmarks")
PAGES = ("README.md", "docs/recipes.md", "docs/which_sampler.md")
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
SETUP = re.compile(
    r'python3 -m venv .*|\.venv/bin/pip install -e (\.|"\.\[test\]")|\.venv/bin/python -m pytest'
)


def modules():
    """List the modules of the three trees, packages included, with their files."""
    paths = sorted(path for tree in TREES for path in (ROOT / tree).rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths)
    pairs = zip(names, paths, strict=True)
    return {name.removesuffix(".__init__"): path for name, path in pairs if path.stem != "__main__"}


def with_examples():
    """List the modules that have examples, those of one package together."""
    return [name for name, path in modules().items() if ">>> " in path.read_text(encoding="utf-8")]


def run_examples(tests, clear=True):
    """Run doctests and return what failed, in doctest's own words."""
    output = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in tests:
        runner.run(test, out=output.append, clear_globs=clear)
    return "".join(output)


@pytest.mark.parametrize(
    "name", first_of_each(with_examples(), family=lambda name: name.rpartition(".")[0], rest="slow")
)
def test_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    module = importlib.import_module(name)
    monkeypatch.chdir(tmp_path)
    assert run_examples(doctest.DocTestFinder(exclude_empty=True).find(module, name)) == ""


def read(page):
    """Return the text of a document."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(text, *languages):
    """Return the fenced blocks of a Markdown text in the given languages."""
    fences = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [body for language, body in fences if language in languages]


def commands(text):
    """Return the commands of a shell text, split at ``&&``, without comments."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.replace("\\\n", " ").splitlines())
    return [" ".join(part.split()) for line in lines for part in line.split("&&") if part.strip()]


def shell_lines(page):
    """Return all commands of a document."""
    return [line for block in blocks(read(page), "bash") for line in commands(block)]


@pytest.mark.parametrize("page", first_of_each(PAGES, rest="slow"))
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    """The blocks run in order in one namespace, as a reader pastes them into one session."""
    monkeypatch.chdir(tmp_path)
    code = blocks(read(page), "python")
    assert code
    names = {"__name__": page}
    for number, block in enumerate(code):
        test = doctest.DocTestParser().get_doctest(block, names, f"block {number}", page, 0)
        test.globs = names  # get_doctest copies them, and the next block would see nothing
        assert run_examples([test], clear=False) == ""


def own_files(folder):
    """Write the files of the guide to extending jgen, and return the arguments of its ``check`` commands."""
    for block in blocks(read("docs/extend.md"), "python"):
        (folder / re.match(r"# (\w+\.py)\n", block)[1]).write_text(block, encoding="utf-8")
    return [line.split()[4:] for line in shell_lines("docs/extend.md")]


OWN = {
    "logistic": "exact_draws",
    "t_walk": "invariance",
    "laplace": "normalisation",
    "sampled_elbo": "bound",
    "log_variance_ratio": "coverage",
}
"""File of the guide -> one of the checks that the table of what was measured must have."""


@pytest.mark.parametrize("name", first_of_each(OWN, rest="slow"))
def test_what_extends_jgen_passes_its_checks(name, tmp_path, monkeypatch, capsys):
    """The kernel, which is correct, fails with probability 1e-6 at most."""
    monkeypatch.chdir(tmp_path)
    arguments = {command[0].partition(".")[0]: command for command in own_files(tmp_path)}
    assert arguments.keys() == OWN.keys()
    main(["check", *arguments[name]])
    output = capsys.readouterr().out
    assert OWN[name] in output
    assert "passes" in output


def setup(lines):
    """Return the commands that set up and run the tests, each once."""
    return list(dict.fromkeys(line for line in lines if SETUP.fullmatch(line)))


def test_the_readmes_setup_is_what_ci_runs():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    run = setup(line.removeprefix("retry ") for line in commands(script))
    assert setup(shell_lines("README.md")) == run
    assert run[-2:] == ['.venv/bin/pip install -e ".[test]"', ".venv/bin/python -m pytest"]


def test_the_modules_that_documents_run_exist():
    """``python -m experiments.x`` names a file that is there."""
    pages = ["README.md", *(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))]
    lines = [line for page in pages for line in shell_lines(page)]
    lines += [line for page in pages for line in re.findall(r"`(python -m [^`]+)`", read(page))]
    named = [re.match(r"\S*python3? -m ([\w.]+)", line) for line in lines]
    ours = {m[1] for m in named if m and m[1].split(".")[0] in TREES}
    assert ours
    assert ours <= set(modules())
    assert all(shlex.split(line) for line in lines)


def test_links_and_pictures_exist():
    pages = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / ".github/CONTRIBUTING.md"]
    pages += (ROOT / "docs").glob("*.md")
    texts = {page: page.read_text("utf-8") for page in pages}
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)\)", texts[page])]
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []
    gallery = {path.relative_to(ROOT).as_posix() for path in (ROOT / ".github" / "gallery").iterdir()}
    assert gallery <= {link for page, link in links if page.name == "README.md"}


def test_a_wrong_example_is_found():
    test = doctest.DocTestParser().get_doctest("\n    >>> 1 + 1\n    3\n", {}, "planted", None, 0)
    assert "Expected:\n    3\nGot:\n    2" in run_examples([test])
