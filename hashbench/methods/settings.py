"""What a method's settings are, and what each of them is under each preset: for people to read."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from hashbench.methods.config import MethodConfig, resolve_config
from hashbench.methods.method import Method


@dataclass(frozen=True)
class Setting:
    """One key of `--set`.

    Attributes:
        name: The key.
        values: Its value under each preset, in the presets' order.
        meaning: What it is, as the class's docstring says.
    """

    name: str
    values: tuple[str, ...]
    meaning: str


def settings_of(method: type[Method]) -> list[Setting]:
    """The settings of a method, in the order of their class."""
    configs = [
        resolve_config(method.PLUGIN_NAME, method.Config, preset.config, {})
        for preset in method.PRESETS.values()
    ]
    said = meanings(method.Config)
    return [
        Setting(key, tuple(str(getattr(config, key)) for config in configs), said.get(key, ""))
        for key in method.Config.model_fields
    ]


def meanings(config: type[MethodConfig]) -> dict[str, str]:
    """What each setting is, as the docstrings of the class and its bases say under `Attributes`."""
    found: dict[str, str] = {}
    for cls in reversed(config.__mro__):
        _, _, listed = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")
        for key, text in re.findall(r"^    (\w+): (.*(?:\n     .*)*)", listed, flags=re.MULTILINE):
            found[key] = " ".join(text.split())
    return found
