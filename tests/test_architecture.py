"""The way of the data is one way: no room imports a room on its right."""

import ast
import importlib
from pathlib import Path

import pytest

import hashbench

ROOT = Path(hashbench.__file__).parent
# From the first to the last; a room may import itself and any room before it.
ORDER = (
    ("errors",),
    ("fingerprint", "files", "progress", "spread", "threads"),
    ("children",),
    ("data",),
    ("tags",),
    ("features",),
    ("codes",),
    ("methods",),
    ("training",),
    ("ranking",),
    ("metrics",),
    ("evaluation",),
    ("sharded",),
    ("api_version", "hookspecs", "builtin", "offered", "plugins"),
    ("scaffold",),
    ("runs",),
    ("encoding",),
    ("engines",),
    ("export",),
    ("index",),
    ("serving",),
    ("planning",),
    ("doctor",),
    ("testing",),
    ("reports",),
    ("cli",),
)
FLOOR = {room: floor for floor, rooms in enumerate(ORDER) for room in rooms}


def imports(path):
    """Rooms that a module imports when it runs; imports for type checkers alone are skipped."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in skipped:
            parts = (node.module or "").split(".")
            if parts[0] == "hashbench":
                yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    for imported in imports(path):
        if imported in FLOOR:
            assert FLOOR[imported] <= FLOOR[room], f"{room} imports {imported}"


def test_every_room_has_its_place():
    rooms = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "").is_dir()}
    assert rooms - {"__init__", "__pycache__", "py"} == set(FLOOR)


def test_the_core_knows_no_method_and_no_data_set_by_name():
    known = {"lsh", "pcah", "itq", "opq", "openclipart"}
    for path in ROOT.rglob("*.py"):
        strings = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not known & strings, path


@pytest.mark.parametrize("package", ["hashbench_wsdhq", "hashbench_wsih", "hashbench_baselines"])
def test_methods_place_no_tensor_and_load_no_batch(package):
    """That is the harness's: a method that did would not run where it does."""
    sources = Path(importlib.import_module(package).__file__).parent.rglob("*.py")
    for path in sources:
        nodes = [*ast.walk(ast.parse(path.read_text()))]
        called = {
            node.func.attr for node in nodes if isinstance(node, ast.Call) and hasattr(node.func, "attr")
        }
        named = {node.id for node in nodes if isinstance(node, ast.Name)} | called
        assert not called & {"to", "cuda", "backward", "zero_grad"}, path
        assert not named & {"DataLoader", "Adam", "SGD"}, path
