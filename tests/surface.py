"""What plugins rely on, as text: hooks, contracts, what is lent to them, and what records hold.

    uv run python tests/surface.py > tests/api/snapshot.txt

writes it anew. Which names it takes in is listed here; docs/stability.md says what is promised of them.
"""

import inspect
import json
import re
import sys
from dataclasses import is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from hashbench.progress import SilentProgress

# By what a plugin does with them. A function, or a class with its public members.
CONTRACTS = {
    "what a plugin derives from": """
        hashbench.methods.method.Method hashbench.methods.config.MethodConfig
        hashbench.training.deep.DeepMethod hashbench.training.deep.DeepHash
        hashbench.training.config.HarnessConfig hashbench.training.config.DeepConfig
        hashbench.data.dataset.Dataset hashbench.tags.protocol.TagProtocol
        hashbench.features.backbone.Backbone hashbench.features.family.BackboneFamily
    """,
    "what a plugin is given": """
        hashbench.methods.method.Context
        hashbench.data.views.TrainView hashbench.data.views.ImageView hashbench.data.views.WebView
        hashbench.data.views.Rows hashbench.data.supervision.Supervision hashbench.tags.table.TagTable
        hashbench.training.objective.Batch hashbench.progress.Progress hashbench.progress.Task
    """,
    "what a plugin makes": """
        hashbench.methods.config.Preset
        hashbench.codes.binary.BinaryCodes hashbench.codes.additive.AdditiveCodes
        hashbench.codes.scalar.ScalarCodes hashbench.codes.floats.FloatCodes
        hashbench.codes.additive.Similarity
        hashbench.training.objective.Objective hashbench.training.objective.Stage
        hashbench.training.schedule.Schedule
        hashbench.data.collection.ImageCollection hashbench.data.collection.FeatureCollection
        hashbench.data.collection.GroundTruth hashbench.data.collection.TruthKind
        hashbench.data.split.Split hashbench.data.web.WebSet
    """,
    "what a plugin calls": """
        hashbench.training.seeding.derive hashbench.training.seeding.numpy_generator
        hashbench.training.seeding.torch_generator
        hashbench.training.layers.straight_through hashbench.training.layers.head
    """,
    "what a plugin's tests use": """
        hashbench.testing.parametrize.parametrize_with_checks hashbench.testing.subject.Subject
    """,
    "what a plugin raises": """
        hashbench.errors.HashbenchError hashbench.errors.ConfigError hashbench.errors.DataError
        hashbench.errors.UnknownNameError hashbench.errors.WeightsError
    """,
    "records of runs": """
        hashbench.runs.record.RunRecord hashbench.runs.record.Cost hashbench.runs.spec.RunSpec
    """,
}
# Made by tests, which do nothing else with it.
OPAQUE = "hashbench.testing.subject.Subject"
# Objects in the JSON files that always have the same keys.
FIXED = {"spec", "method", "dataset", "split", "protocol", "backbone", "cost", "seconds"}
# Special methods that are part of what a class promises.
SPECIAL = {"__init__", "__len__", "__getitem__", "__call__"}


def surface():
    """All of it, one member a line."""
    from hashbench import API_VERSION

    blocks = [[f"plugin API {API_VERSION}"], ["# hooks", *hooks()]]
    for title, names in CONTRACTS.items():
        blocks.append([f"# {title}"])
        blocks += [described(name) for name in names.split()]
    blocks += [["# stored runs"], *records()]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def entries(text):
    """The lines of a surface by what they are of, such as `Method.fit` or `metrics.json cost`."""
    found, owner = {}, ""
    for line in text.splitlines():
        word = re.split(r"[(: ]", line.strip().removeprefix("class "))[0]
        if line.startswith("  "):
            found[f"{owner} {word}" if owner.endswith(".json") else f"{owner}.{word}"] = line.strip()
        elif line and not line.startswith("#"):
            owner = word if word.endswith(".json") else word.rpartition(".")[2]
            found[owner] = line
    return found


def hooks():
    """The signature of each hook."""
    from hashbench import hookspecs

    return [
        _signature(name, function)
        for name, function in sorted(vars(hookspecs).items())
        if name.startswith("hashbench_")
    ]


def described(path):
    """A function's signature, or a class and its members."""
    module, _, name = path.rpartition(".")
    it = getattr(import_module(module), name)
    if inspect.isfunction(it):
        return [_signature(path, it)]
    bases = [
        base.__name__ for base in it.__bases__ if base.__name__ not in ("object", "Generic", "Protocol")
    ]
    lines = [_signature("__init__", it.__init__)] if path == OPAQUE else members(it)
    return [f"class {path}({', '.join(bases)})", *(f"  {line}" for line in lines)]


def members(cls):
    """What a class, and bases of it that are not listed themselves, define in public."""
    listed = {path for names in CONTRACTS.values() for path in names.split()}
    found = {}
    for base in reversed(cls.__mro__):
        path = f"{base.__module__}.{base.__qualname__}"
        if base is cls or (base.__module__.startswith("hashbench.") and path not in listed):
            found |= dict(_own(base))
    return [found[name] for name in sorted(found)]


def _own(cls):
    """The public members that a class defines itself, by name."""
    if issubclass(cls, Enum):
        yield from ((member.name, f"{member.name} = {member.value!r}") for member in cls)
    declared = inspect.get_annotations(cls)
    for name in {*declared, *vars(cls)}:
        if (not name.startswith("_") or name in SPECIAL) and not _is_made(cls, name):
            yield name, _line(cls, name, declared)


def _is_made(cls, name):
    """Whether the library that made the class made that member, too."""
    if issubclass(cls, Enum):
        return name in cls.__members__
    if hasattr(cls, "model_fields"):
        return name.startswith("model_")
    return name == "__init__" and (is_dataclass(cls) or getattr(cls, "_is_protocol", False))


def _line(cls, name, declared):
    """A member in one line."""
    value = inspect.getattr_static(cls, name, None)
    if isinstance(value, property):
        return f"{name} -> {inspect.get_annotations(value.fget)['return']}  (property)"
    if isinstance(value, classmethod | staticmethod):
        return f"{_signature(name, value.__func__)}  ({type(value).__name__})"
    if inspect.isfunction(value) and name not in declared:
        abstract = name in getattr(cls, "__abstractmethods__", ())
        return _signature(name, value) + ("  (abstract)" if abstract else "")
    return (f"{name}: {declared[name]}" if name in declared else name) + _default(cls, name)


def _default(cls, name):
    """` = value`, where a field or an attribute has one."""
    missing = inspect.Parameter.empty
    given = vars(cls).get(name, missing)
    if is_dataclass(cls) and name in inspect.signature(cls).parameters:
        given = inspect.signature(cls).parameters[name].default
    elif name in getattr(cls, "model_fields", {}):
        field = cls.model_fields[name]
        given = missing if field.is_required() else field.default
    if given is missing:
        return ""
    if isinstance(given, type):
        return f" = {given.__name__}"
    plain = isinstance(given, str | int | float | tuple | type(None))
    return f" = {str(given) if isinstance(given, Enum) else repr(given)}" if plain else " = ..."


def _signature(name, function):
    """A name with its parameters as they are written."""
    return f"{name}{inspect.signature(function)}".replace("'", "")


def records():
    """The files of a stored run, the keys of two of them, and those that `run --format json` prints."""
    from made import add

    from hashbench.metrics.presets import SUITE
    from hashbench.runs.store import RunStore

    with TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        add(store, "typed", "tags", "hamming", 0.5)
        (record,) = store.records(SilentProgress())
        yield ["run-folder", *(f"  {file.name}" for file in sorted(record.folder.iterdir()))]
        for name in ("config.json", "metrics.json"):
            stored = json.loads((record.folder / name).read_text())
            yield [name, *(f"  {key}" for key in _keys(stored))]
    yield ["printed.json", *(f"  {key}" for key in _keys(record.summary(SUITE.name)))]


def _keys(value, above=""):
    """Keys of an object and of the objects in it, where these are always the same."""
    for key, inner in value.items():
        yield f"{above}{key}"
        if key in FIXED and isinstance(inner, dict):
            yield from _keys(inner, f"{above}{key}.")


if __name__ == "__main__":
    sys.stdout.write(surface())
