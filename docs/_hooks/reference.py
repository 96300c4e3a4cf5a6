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


# One metric a file, and a page each; what several of them share has none.
METRICS = sorted(
    path.stem
    for path in Path(find_spec("hashbench.metrics").submodule_search_locations[0]).glob("*.py")  # type: ignore[union-attr, index]
    if path.stem not in {"__init__", "merged", "named", "presets", "ratio", "score"}
)


def pages() -> dict[str, str]:
    """Every page, by its place on the site."""
    made = {f"reference/{name}.md": make() for name, make in _MADE.items()}
    made |= {f"reference/metrics/{name}.md": _metric(name) for name in METRICS}
    return made | {f"reference/api/{name}.md": _contracts(*page) for name, page in API.items()}


def _metric(name: str) -> str:
    """A metric's page: its definition, edge cases and function, as its file has them."""
    title = (
        name.replace("_", " ")
        .capitalize()
        .replace("Ndcg", "NDCG")
        .replace("Acg", "ACG")
        .replace("Wap", "WAP")
    )
    about = "What the presets make of it, and where systems differ: [metrics](../../metrics.md)."
    options = "    options: {heading_level: 2, show_root_heading: false, show_root_toc_entry: false}"
    return f"# {title}\n\n{about}\n\n::: hashbench.metrics.{name}\n{options}\n"


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
        signature = f"@hookimpl\ndef {name}{inspect.signature(hook)}: ...".replace("'", "")
        text += [
            f"## {name}",
            f"```python\n{signature}\n```",
            inspect.cleandoc(hook.__doc__ or ""),
        ]
        if name in GUIDES:
            guide, contract = GUIDES[name]
            text.append(f"[Guide]({guide}) · [contract]({contract})")
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
    if kind == "datasets":
        titles = {
            page.name: page.read_text().partition("\n")[0] for page in (DOCS / "datasets").glob("*.md")
        }
        pages = {name: page for page, title in titles.items() for name in re.findall(r"[\w-]+", title)}
        return ", ".join(f"[`{name}`](../datasets/{pages[name]})" for name in names)
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
            names = written.removesuffix(takes).strip()
            takes = re.sub(r"<list\[(.*)\]>", r"<\1>", takes)
        else:
            names, _, takes = written.rpartition(" ")
        rows.append((_code(names), _code(takes), told))
    return [*text, _table(["option", "takes", "is"], rows)] if rows else text


def _settings() -> str:
    """The settings of every method, under each of its presets."""
    text = [
        "# Settings",
        "What `--set KEY=VALUE` takes, method by method, and its value under each preset "
        "(`--preset NAME`; the first is the default). `hashbench methods NAME` prints the same. How a "
        "default was chosen is on the method's page.",
    ]
    kinds = list(Supervision)
    found = sorted(_methods().items(), key=lambda item: kinds.index(item[1].SUPERVISION))
    for name, cls in found:
        learnt = "nothing" if cls.SUPERVISION is Supervision.NONE else cls.SUPERVISION.value
        text += [
            f"## {name}",
            f"{_sentence(cls.DESCRIPTION)} Learns from {learnt}. [More](../methods/{name}.md)",
        ]
        presets = [(_code(preset), chosen.description) for preset, chosen in cls.PRESETS.items()]
        if len(presets) > 1:
            text.append(_table(["preset", "is"], presets))
        settings = [
            (_code(setting.name), *map(_code, setting.values), setting.meaning)
            for setting in settings_of(cls)
        ]
        headings = ["setting", *(cls.PRESETS if len(presets) > 1 else ["value"]), "is"]
        text.append(_table(headings, settings) if settings else "It has no settings.")
    return "\n\n".join([*text, ""])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _metric_presets() -> str:
    """Every metric preset, option by option."""
    text = [
        "# Metric presets",
        "What `--metrics` and `hashbench evaluate --preset` take. Every run is scored under all of them. "
        "What the options mean, by example: [what the numbers mean](../metrics.md).",
    ]
    options = [option.name for option in fields(MetricPreset) if option.name not in ("name", "about")]
    meanings = _attributes(MetricPreset)
    for name, preset in PRESETS.items():
        rows = []
        for option in options:
            value = getattr(preset, option)
            values = value if isinstance(value, tuple) else (getattr(value, "value", value),)
            rows.append((_code(option), " ".join(_code(each) for each in values), meanings[option]))
        text += [f"## {name}", _sentence(preset.about), _table(["option", "value", "is"], rows)]
    return "\n\n".join([*text, ""])


def _attributes(cls: type) -> dict[str, str]:
    """What a docstring says under `Attributes`."""
    _, _, listed = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n     .*)*)", listed, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _tag_protocols() -> str:
    """Every tag protocol with its steps."""
    text = [
        "# Tag protocols",
        "What `--protocol` takes: which of the typed words a method is given. What each step does: "
        "[tags](../datasets/tags.md#protocols).",
    ]
    for name, cls in Plugins().tag_protocols.items():
        if not cls.__module__.startswith("hashbench"):
            continue
        default = " The default." if cls.IS_DEFAULT else ""
        steps = "\n".join(f"{number}. {step}" for number, step in enumerate(cls().steps(), 1))
        text += [f"## {name}", f"{_sentence(cls.DESCRIPTION)} Version {cls.VERSION}.{default}", steps]
    return "\n\n".join([*text, ""])


def _contracts(title: str, about: str, names: tuple[str, ...]) -> str:
    """A page of the interface, which mkdocstrings fills from the docstrings."""
    text = [f"# {title}", about]
    for name in names:
        if name.rpartition(".")[2][0].isupper():
            text.append(f"::: {name}")
        elif _module(name):
            options = (
                "    options: {heading_level: 3, show_root_heading: false, show_root_toc_entry: false}"
            )
            text += [f"## {name.removeprefix('hashbench.')}", f"::: {name}\n{options}"]
    return "\n\n".join([*text, ""])


def _module(name: str) -> bool:
    """Whether that is a module: not all of those named are there in every version."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


_MADE = {
    "hooks": _hooks,
    "commands": _commands,
    "settings": _settings,
    "metric-presets": _metric_presets,
    "tag-protocols": _tag_protocols,
}
