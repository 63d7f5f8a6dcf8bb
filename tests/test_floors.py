"""The house stands: imports only point down, one idea per file, and nothing lies about outside.

A room is a module or a folder right under ``jgen/``. Rooms on one floor do not import each other;
the files inside a folder may share that folder's ``*base.py``, and its ``__init__`` and
``__main__`` may import them all.
"""

import ast
import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]
FLOORS = [
    {
        "types",
        "errors",
        "binding",
        "checks",
        "floats",
        "records",
        "write",
        "provenance",
        "rows",
        "threefry",
        "together",
        "still",
        "convolution",
        "validated",
    },
    {
        "distributions",
        "decoders",
        "encoders",
        "features",
        "targets",
        "reducers",
        "weights",
        "diagnostics",
        "show",
        "population",
        "restart",
        "lanes",
        "modules",
    },
    {"samplers", "transforms", "adaptation", "objectives", "metrics", "sampling", "summary", "report"},
    {
        "models",
        "train",
        "checkpoints",
        "evaluate",
        "data",
        "evidence",
        "interop",
        "laws",
        "run",
        "score",
        "timing",
    },
    {"experiment", "plots", "testing", "applications"},
    {"experiments", "benchmarks"},
]
TREES = ("jgen", "experiments", "benchmarks")
TOP = {"pyproject.toml", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "tests", *TREES}
MAX_LINES = 300


def floor_of(room):
    return next((i for i, rooms in enumerate(FLOORS, start=1) if room in rooms), None)


def dotted(path, home):
    return list(path.relative_to(home).with_suffix("").parts)


def room_of(module):
    """The room of a dotted module; None for ``jgen`` itself and for the rest of the world."""
    if module[0] == "jgen":
        return module[1] if len(module) > 1 and module[1] != "__init__" else None
    return module[0] if module[0] in TREES else None


def imports(tree, module):
    """Every module a file names, ``from a import b`` as ``a.b``, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = module[: -node.level] if node.level else []
            stem = start + (node.module.split(".") if node.module else [])
            yield from ([*stem, alias.name] for alias in node.names)


def is_base(module, home):
    """Whether ``a.b.base`` or a name out of it is meant: ``a.b.gaussian_base`` counts too."""
    for end in (len(module), len(module) - 1):
        if module[end - 1].endswith("base") and home.joinpath(*module[:end]).with_suffix(".py").is_file():
            return True
    return False


def violations(home):
    """What is wrong with the house at ``home``, one line each."""
    found = []
    for path in sorted(p for tree in TREES for p in (home / tree).rglob("*.py")):
        name = path.relative_to(home)
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > MAX_LINES:
            found.append(f"{name}: {len(text.splitlines())} lines; two ideas share a room, part them")
        module = dotted(path, home)
        room = room_of(module)
        if room is None:
            continue
        if floor_of(room) is None:
            found.append(f"{name}: the room {room} is on no floor; list it in FLOORS")
            continue
        tree = ast.parse(text)
        if path.name == "__init__.py" and any(not only_names(node) for node in tree.body):
            found.append(f"{name}: an __init__ only hands names on; move the code into a file")
        for target in imports(tree, module):
            other = room_of(target)
            if target == ["jgen"] and floor_of(room) < 6:
                found.append(f"{name}: imports jgen as a whole; name the room")
            if other is None or (other == room and path.stem in ("__init__", "__main__")):
                continue
            if other == room:
                if not is_base(target, home):
                    found.append(f"{name}: imports its sibling {'.'.join(target)}; share through base.py")
            elif floor_of(other) is None or floor_of(other) >= floor_of(room):
                found.append(
                    f"{name}: floor {floor_of(room)} imports {'.'.join(target)}, floor {floor_of(other)}"
                )
    return found


def only_names(node):
    """A docstring, an import or ``__all__``."""
    return (
        isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and [getattr(t, "id", "") for t in node.targets] == ["__all__"])
    )


def strangers(names):
    """The top-level names that have no place there; dot-files may stay."""
    return sorted(name for name in set(names) if name not in TOP and not name.startswith("."))


def test_imports_only_point_down():
    assert "\n".join(violations(HOME)) == ""


def test_no_room_is_on_two_floors():
    rooms = [room for floor in FLOORS for room in floor]
    assert len(rooms) == len(set(rooms))


def test_nothing_lies_about_at_the_top():
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, cwd=HOME, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    paths = [path for path in done.stdout.split("\0") if path and (HOME / path).exists()]
    assert strangers(path.split("/")[0] for path in paths) == []


def build(home, files):
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return violations(home)


SOUND = {
    "jgen/__init__.py": '"""All."""\n',
    "jgen/types.py": "import enum\n",
    "jgen/targets/base.py": "from jgen.types import Array\n",
    "jgen/targets/banana.py": "from jgen.targets.base import Target\nfrom jgen import types\n",
    "jgen/targets/gaussian_base.py": "from jgen.targets import base\n",
    "jgen/targets/__init__.py": '"""T."""\nfrom jgen.targets.banana import banana\n__all__ = ["banana"]\n',
    "jgen/samplers/hmc.py": "from jgen.targets import banana\n",
    "experiments/mixture.py": "import jgen\nfrom jgen.samplers.hmc import hmc\n",
    "experiments/__main__.py": "from experiments.mixture import mixture\n",
}


def test_a_sound_house_has_no_violations(tmp_path):
    assert build(tmp_path, SOUND) == []


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        (
            "jgen/targets/cauchy.py",
            "from jgen.samplers.hmc import hmc",
            "floor 2 imports jgen.samplers.hmc.hmc, floor 3",
        ),
        (
            "jgen/targets/cauchy.py",
            "import jgen.samplers.hmc as h",
            "floor 2 imports jgen.samplers.hmc, floor 3",
        ),
        ("jgen/targets/cauchy.py", "from jgen import samplers", "floor 2 imports jgen.samplers, floor 3"),
        (
            "jgen/targets/cauchy.py",
            "from ..samplers import hmc",
            "floor 2 imports jgen.samplers.hmc, floor 3",
        ),
        ("jgen/targets/cauchy.py", "def f():\n    import jgen.reducers.moments", "floor 2 imports"),
        ("jgen/targets/cauchy.py", "if TYPE_CHECKING:\n    from jgen.weights import ess", "floor 2 imports"),
        ("jgen/targets/cauchy.py", "from jgen.targets.banana import banana", "imports its sibling"),
        ("jgen/targets/cauchy.py", "from jgen.targets import banana", "imports its sibling"),
        ("jgen/targets/cauchy.py", "from . import banana", "imports its sibling"),
        ("jgen/targets/cauchy.py", "from jgen.targets import phase_base", "imports its sibling"),
        ("jgen/targets/cauchy.py", "import jgen", "imports jgen as a whole"),
        ("jgen/targets/cauchy.py", "from experiments.mixture import mixture", "floor 2 imports"),
        ("jgen/targets/cauchy.py", "from jgen.attic import x", "imports jgen.attic.x, floor None"),
        ("jgen/targets/cauchy.py", "x = 1\n" * 301, "301 lines"),
        ("jgen/types.py", "from jgen.errors import UsageError", "floor 1 imports"),
        ("jgen/attic.py", "x = 1", "the room attic is on no floor"),
        ("jgen/attic/x.py", "x = 1", "the room attic is on no floor"),
        ("jgen/targets/__init__.py", "def banana(): ...", "only hands names on"),
        ("experiments/other.py", "from experiments.mixture import mixture", "imports its sibling"),
        ("benchmarks/speed.py", "from experiments.mixture import mixture", "floor 6 imports"),
    ],
)
def test_a_planted_fault_is_found(tmp_path, file, text, complaint):
    found = build(tmp_path, SOUND | {file: text})
    assert len(found) == 1
    assert found[0].startswith(f"{file}: ")
    assert complaint in found[0]


def test_strangers_are_named():
    assert strangers(["jgen", "README.md", ".ci", "setup.py", "docs", "docs"]) == ["docs", "setup.py"]
