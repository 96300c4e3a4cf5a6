"""The pages below reference/, made from the code: nothing on them is written twice."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from hashbench import hookspecs
from hashbench.cli.app import app
from hashbench.data.supervision import Supervision
from hashbench.methods.method import Method
from hashbench.methods.settings import settings_of
from hashbench.metrics.presets import PRESETS, MetricPreset
from hashbench.plugins import Plugins

DOCS = Path(__file__).parent.parent
# The hooks' guides, and the contract of what each returns.
GUIDES = {
    "hashbench_methods": ("../adding-a-method.md", "api/methods.md#hashbench.methods.method.Method"),
    "hashbench_datasets": ("../adding-a-dataset.md", "api/datasets.md#hashbench.data.dataset.Dataset"),
    "hashbench_tag_protocols": (
        "../datasets/tags.md#protocols",
        "api/tags.md#hashbench.tags.protocol.TagProtocol",
    ),
    "hashbench_backbones": ("../backbones.md", "api/backbones.md#hashbench.features.backbone.Backbone"),
    "hashbench_backbone_families": (
        "../backbones.md#a-family-of-your-own",
        "api/backbones.md#hashbench.features.family.BackboneFamily",
    ),
    "hashbench_run_finished": (
        "../tracking.md#a-tracker-of-your-own",
        "api/runs.md#hashbench.runs.record.RunRecord",
    ),
}
# The contracts: a page each, with a heading, what it is about, and whole modules or single names of them.
API: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "methods": (
        "Methods",
        "What a method is given, and what it gives. How to write one: "
        "[adding a method](../../adding-a-method.md).",
        (
            "hashbench.methods.method",
            "hashbench.methods.config",
            "hashbench.data.supervision",
            "hashbench.data.views",
            "hashbench.progress.Progress",
            "hashbench.errors",
        ),
    ),
    "training": (
        "Networks",
        "Methods that are a network and a loss.",
        (
            "hashbench.training.deep",
            "hashbench.training.objective",
            "hashbench.training.config",
            "hashbench.training.layers",
            "hashbench.training.augmentation",
            "hashbench.training.schedule",
            "hashbench.training.seeding",
        ),
    ),
    "codes": (
        "Codes",
        "What `quantize` returns.",
        (
            "hashbench.codes.binary",
            "hashbench.codes.additive",
            "hashbench.codes.scalar",
            "hashbench.codes.floats",
            "hashbench.codes.storage",
        ),
    ),
    "datasets": (
        "Data sets",
        "Images, tags, ground truth and splits. How to write one: "
        "[adding a data set](../../adding-a-dataset.md).",
        (
            "hashbench.data.dataset",
            "hashbench.data.collection",
            "hashbench.data.split",
            "hashbench.data.drawing",
            "hashbench.data.web",
            "hashbench.data.source",
        ),
    ),
    "tags": (
        "Tags",
        "From what people typed to what a method is given: [tags](../../datasets/tags.md).",
        ("hashbench.tags.protocol", "hashbench.tags.steps.Step", "hashbench.tags.table"),
    ),
    "backbones": (
        "Backbones",
        "Networks whose features methods get: [backbones](../../backbones.md).",
        ("hashbench.features.backbone", "hashbench.features.family"),
    ),
    "evaluating": (
        "Evaluating",
        "Scores of codes that any tool made: [checking a paper's codes](../../evaluating-codes.md).",
        ("hashbench.evaluation", "hashbench.metrics.presets.MetricPreset"),
    ),
    "runs": (
        "Runs",
        "What is known of a run: [the run store](../../run-store.md).",
        ("hashbench.runs.record", "hashbench.runs.spec"),
    ),
}


def pages() -> dict[str, str]:
    """Every page, by its place on the site."""
    made = {f"reference/{name}.md": make() for name, make in _MADE.items()}
    return made | {f"reference/api/{name}.md": _contracts(*page) for name, page in API.items()}


def page_of(file: str) -> str | None:
    """The page that documents a file of the package, if one does."""
    module = file.removesuffix(".py").replace("/", ".")
    found = (name for name, (_, _, modules) in API.items() if module in modules)
    return next((f"reference/api/{name}.md" for name in found), None)


def pointer(method: str) -> str:
    """A line for a method's page, or nothing where the page is no method's."""
    if method not in _methods():
        return ""
    return f"*All settings of `{method}` and their values: [settings](../reference/settings.md#{method}).*"


def _methods() -> dict[str, type[Method]]:
    """The methods of this repository; strangers' may be installed beside them."""
    found = Plugins().methods.items()
    return {name: cls for name, cls in found if cls.__module__.partition(".")[0].startswith("hashbench")}


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _code(value: object) -> str:
    """Something that is typed; nothing where there is nothing."""
    return f"`{value}`" if str(value) else ""


def _hooks() -> str:
    """Every hook: its signature, what it is for, and who answers it here."""
    text = [
        "# Hooks",
        inspect.cleandoc(hookspecs.__doc__ or "").replace(
            "`hashbench.hookimpl`", "`@hookimpl` (`from hashbench import hookimpl`)"
        ),
        '```toml\n[project.entry-points.hashbench]\nmine = "my_module"\n```',
        "`hashbench plugins` lists what was found, and why a plugin could not be loaded. "
        "[Your first method](../tutorials/first-method.md) goes through it step by step.",
    ]
    hooks = [name for name in vars(hookspecs) if name.startswith("hashbench_")]
    for name in hooks:
        hook: Callable[..., object] = getattr(hookspecs, name)
        guide, contract = GUIDES[name]
        signature = f"@hookimpl\ndef {name}{inspect.signature(hook)}: ...".replace("'", "")
        text += [
            f"## {name}",
            f"```python\n{signature}\n```",
            inspect.cleandoc(hook.__doc__ or ""),
            f"[Guide]({guide}) · [contract]({contract})",
        ]
        if answers := _answers(name):
            text.append(f"Answered here with: {answers}.")
    return "\n\n".join([*text, ""])


def _answers(hook: str) -> str:
    """What this repository's distributions return from a hook."""
    kind = hook.removeprefix("hashbench_")
    if kind == "run_finished":
        return ""
    found: dict[str, type] = getattr(Plugins(), kind)
    names = [name for name, cls in found.items() if cls.__module__.startswith("hashbench")]
    if kind == "methods":
        return ", ".join(f"[`{name}`](../methods/{name}.md)" for name in names)
    return ", ".join(f"`{name}`" for name in names)


def _commands() -> str:
    """Every command with its arguments and options, as `--help` says them."""
    command: Any = typer.main.get_command(app)
    text = [
        "# Command line",
        f"{command.help} Results go to standard output, everything else to standard error. "
        "`--help` after any command says what is here.",
        _table(
            ["exit status", ""],
            [
                ("0", "done"),
                ("1", "not all of it: some runs failed, or something that was checked is not so"),
                ("2", "bad input, or a disk that refuses"),
                ("130", "interrupted"),
            ],
        ),
    ]
    for name, part in command.commands.items():
        text += _command(f"hashbench {name}", part, "##")
    return "\n\n".join([*text, ""])


def _command(path: str, command: Any, level: str) -> list[str]:
    """One command, and those below it."""
    context = command.make_context(path, [], resilient_parsing=True)
    text = [f"{level} {path}", command.help]
    if below := getattr(command, "commands", {}):
        for name, part in below.items():
            text += _command(f"{path} {name}", part, f"{level}#")
        return text
    text.append("```console\n$ " + " ".join([path, *command.collect_usage_pieces(context)]) + "\n```")
    rows = []
    for parameter in command.params:
        if parameter.name == "help":
            continue
        written, told = parameter.get_help_record(context)
        if parameter.param_type_name == "option":
            takes = re.sub(r"^((--?[\w-]+)(, | / )?)+ ?", "", written)
            takes = re.sub(r"<list\[(.*)\]>", r"<\1>", takes)
            names = written.removesuffix(takes).strip() if takes else written
