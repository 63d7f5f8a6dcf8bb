"""List the members of jgen, or check your own: ``python -m jgen [check FILE.py:NAME]``."""

import ast
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.table import Table

from jgen.experiment import mistakes_in_one_line

Member = tuple[str, str]
"""Name and one-line description."""
PLAIN = {r"\mid": "|", r"\|": "|", r"\,": " ", r"\tfrac12": "1/2", r"\frac1{2n}": "1/(2n)"}


def first_line(thing: object) -> str:
    """Return the first line of a docstring, its maths in plain characters."""
    line = (inspect.getdoc(thing) or "").partition("\n")[0]
    line = re.sub(r":math:`([^`]*)`", r"\1", line)
    for tex, plain in PLAIN.items():
        line = line.replace(tex, plain)
    return re.sub(r"\\(mathrm|tilde) ?|\\|[${}]", "", line)


def found_by(package: str, attribute: str) -> Iterator[Member]:
    """Find the modules that define an attribute; describe each by its function or its classes."""
    from jgen.testing import members

    for name, module in members(importlib.import_module(package), attribute).items():
        if hasattr(module, name):
            yield name, first_line(getattr(module, name))
        else:
            yield from exported(module.__name__.rpartition(".")[0], f"{module.__name__}.", inspect.isclass)


def exported(package: str, below: str = "", is_member: Any = inspect.isfunction) -> Iterator[Member]:
    """List the functions, or the classes, that a package exports and defines ``below`` a module."""
    module = importlib.import_module(package)
    for name in module.__all__:
        thing = getattr(module, name)
        if is_member(thing) and f"{thing.__module__}.".startswith(below):
            yield name, first_line(thing)


def files_of(package: str) -> Iterator[Member]:
    """List the modules of a package by the docstrings of their files, importing none."""
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        for path in sorted(Path(folder).glob("[!_]*.py")):
            line = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            yield path.stem, line.partition("\n")[0]


FAMILIES: dict[str, Callable[[], Iterator[Member]]] = {
    "samplers": lambda: found_by("jgen.samplers", "recipe"),
    "transforms": lambda: exported("jgen.samplers", "jgen.samplers.transforms."),
    "adaptations": lambda: exported("jgen.sampling.adaptation"),
    "reducers": lambda: exported("jgen.sampling.reducers"),
    "diagnostics": lambda: exported("jgen.diagnostics"),
    "targets": lambda: found_by("jgen.targets", "{name}"),
    "distributions": lambda: exported("jgen.distributions"),
    "decoders": lambda: found_by("jgen.decoders", "recipe"),
    "heads": lambda: found_by("jgen.decoders.heads", "recipe"),
    "encoders": lambda: found_by("jgen.encoders", "recipe"),
    "posteriors": lambda: found_by("jgen.encoders.posteriors", "recipe"),
    "features": lambda: exported("jgen.features", is_member=callable),
    "objectives": lambda: found_by("jgen.objectives", "recipe"),
    "models": lambda: exported("jgen.models"),
    "training": lambda: exported("jgen.training"),
    "data sets": lambda: files_of("jgen.data.datasets"),
    "metrics": lambda: found_by("jgen.evaluation", "recipe"),
    "evaluation": lambda: exported("jgen.evaluation"),
    "evidence": lambda: exported("jgen.evaluation.evidence"),
    "applications": lambda: exported("jgen.applications"),
    "plots": lambda: exported("jgen.plots"),
    "interop": lambda: exported("jgen.interop"),
    "experiments": lambda: files_of("experiments"),
}


def list_members() -> None:
    """List every family and its members, with one line each."""
    console = Console()
    for title, family in FAMILIES.items():
        table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, line in family():
            table.add_row(name, line)
        console.print(table, "")


@dataclass(frozen=True)
class Check:
    """Check your own sampler, decoder, head, objective, metric or target."""

    place: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="FILE.py:NAME")]]
    """What to check. A sampler is NAME(target, scale), an objective NAME(model, scale), the others NAME()."""
    kind: Literal["sampler", "decoder", "head", "objective", "metric", "target"] | None = None
    """What it is; without it, the kind follows from what NAME returns."""
    target: str = "standard_gaussian"
    """The density that a sampler is checked on."""
    reversible: bool = True
    """Whether a Markov kernel satisfies detailed balance on positions."""
    stochastic: bool = True
    """Whether the loss of an objective depends on its key."""
    coupled: bool = False
    """Whether what an objective reports of one example depends on the others."""
    latent_dim: int = 2
    """Size of the latents that a decoder takes."""
    seed: int | None = None
    """Seed of all randomness, to repeat a run."""


def check(config: Check) -> int:
    """Run the checks of a member, print what was checked and measured, and return the exit code."""
    import jax

    from jgen.testing.check_file import Options, check_file
    from jgen.testing.check_result import CheckFailed

    console = Console()
    options = Options(config.target, config.reversible, config.stochastic, config.coupled, config.latent_dim)
    key = None if config.seed is None else jax.random.key(config.seed)
    try:
        results = check_file(config.place, config.kind, options, key)
    except CheckFailed as error:
        console.print(f"{config.place} fails: {error}", style="red", markup=False, highlight=False)
        return 1
    table = Table("check", "measured", box=None)
    for name, evidence in results:
        table.add_row(name, "passed" if evidence is None else str(evidence))
    console.print(table)
    console.print(f"{config.place} passes {len(results)} checks", markup=False, highlight=False)
    return 0


def main(argv: list[str] | None = None) -> None:
    """Run the command line.

    Args:
        argv: Arguments; None for those of the process.

    Raises:
        SystemExit: 1 if a check fails, 2 for wrong arguments.
    """
    argv = sys.argv[1:] if argv is None else argv
    if not argv:
        list_members()
        return
    with mistakes_in_one_line():
        commands: dict[str, Any] = {"check": Check, "list": list_members}
        texts: Any = {"prog": "python -m jgen", "description": __doc__}
        config = tyro.extras.subcommand_cli_from_dict(commands, args=argv, **texts)
        if isinstance(config, Check) and (code := check(config)):
            raise SystemExit(code)


if __name__ == "__main__":
    main()
