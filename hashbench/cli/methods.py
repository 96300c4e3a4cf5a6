"""`hashbench methods`: what can be run, and with what settings."""

from __future__ import annotations

import inspect
import re
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.cli.output import print_rows, stdout

if TYPE_CHECKING:
    from hashbench.methods.config import MethodConfig
    from hashbench.methods.method import Method


def methods(
    name: Annotated[str | None, typer.Argument(help="A method: its settings, under each preset.")] = None,
) -> None:
    """List the installed methods, by what they learn from, and their presets; or one method's settings."""
    from hashbench.data.supervision import Supervision
    from hashbench.plugins import Plugins, pick

    known = Plugins().methods
    if name is not None:
        _settings(pick("method", name, known))
        return
    kinds = list(Supervision)
    found = sorted(known.items(), key=lambda item: kinds.index(item[1].SUPERVISION))
    rows = [(name, cls.SUPERVISION.value, ", ".join(cls.PRESETS), cls.DESCRIPTION) for name, cls in found]
    print_rows(("method", "learns from", "presets", "what it is"), rows)


def _settings(method: type[Method]) -> None:
    """Print what `--set` takes, and its value under each preset."""
    from hashbench.methods.config import resolve_config

    print_ = partial(stdout().print, markup=False, highlight=False)
    print_(f"{method.PLUGIN_NAME}: {method.DESCRIPTION}; learns from {method.SUPERVISION.value}")
    for preset, chosen in method.PRESETS.items():
        print_(f"preset {preset}: {chosen.description}")
    configs = [
        resolve_config(method.PLUGIN_NAME, method.Config, preset.config, {})
        for preset in method.PRESETS.values()
    ]
    meanings = _meanings(method.Config)
    rows = [
        (key, *(str(getattr(config, key)) for config in configs), meanings.get(key, ""))
        for key in method.Config.model_fields
    ]
    if rows:
        print_rows(("--set", *method.PRESETS, "what it is"), rows)
    else:
        print_("It has no settings.")


def _meanings(config: type[MethodConfig]) -> dict[str, str]:
    """What each setting is, as the docstrings of the class and its bases say under `Attributes`."""
    found: dict[str, str] = {}
    for cls in reversed(config.__mro__):
        _, _, listed = (inspect.cleandoc(cls.__doc__ or "")).partition("Attributes:\n")
        for key, text in re.findall(r"^    (\w+): (.*(?:\n     .*)*)", listed, flags=re.MULTILINE):
            found[key] = " ".join(text.split())
    return found
