"""`hashbench methods`: what can be run, and with what settings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from hashbench.cli.output import print_rows, stdout

if TYPE_CHECKING:
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
    from hashbench.methods.settings import settings_of

    say = partial(stdout().print, markup=False, highlight=False)
    say(f"{method.PLUGIN_NAME}: {method.DESCRIPTION}; learns from {method.SUPERVISION.value}")
    for preset, chosen in method.PRESETS.items():
        say(f"preset {preset}: {chosen.description}")
    if settings := settings_of(method):
        rows = [(setting.name, *setting.values, setting.meaning) for setting in settings]
        print_rows(("--set", *method.PRESETS, "what it is"), rows)
    else:
        say("It has no settings.")
