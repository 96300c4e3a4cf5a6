"""Settings: typed, documented, and whole under every preset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from hashbench.errors import ConfigError, HashbenchError
from hashbench.methods.config import MethodConfig, Preset, resolve_config
from hashbench.methods.settings import meanings
from hashbench.testing.outcome import CheckFailed, CheckSkipped, require, said
from hashbench.testing.subject import Subject

_UNKNOWN = "no_such_setting"
# Of no setting's type: not text, not a number, not a list of either.
_WRONG: list[dict[str, str]] = [{}]


def check_presets(subject: Subject) -> None:
    """Every preset is made of the method's own settings, in their ranges, and says what it is for.

    Raises:
        CheckFailed: One is not.
    """
    cls = subject.cls
    require(
        isinstance(cls.Config, type) and issubclass(cls.Config, MethodConfig),
        "Config is no subclass of hashbench.methods.config.MethodConfig. Make it one.",
    )
    require(
        bool(cls.PRESETS) and all(isinstance(preset, Preset) for preset in cls.PRESETS.values()),
        "PRESETS holds no hashbench.methods.config.Preset. Leave it out, or give one or more by name; "
        "the first is the default.",
    )
    for name, preset in cls.PRESETS.items():
        require(
            bool(preset.description), f"preset {name!r} has no description. Say what its values are for."
        )
        try:
            resolve_config(cls.PLUGIN_NAME, cls.Config, preset.config, {})
        except ConfigError as error:
            raise CheckFailed(
                f"preset {name!r} is refused: {said(error)}. Give it settings of Config, in their ranges."
            ) from error
    try:
        subject.config  # noqa: B018 - whether there is one
    except HashbenchError as error:
        raise CheckFailed(f"the settings to check with are refused: {said(error)}. Give others.") from error


def check_settings_typed(subject: Subject) -> None:
    """Unknown settings are refused, and values of a wrong type for every known one, in one line.

    Raises:
        CheckFailed: One is taken.
    """
    cls, values = subject.cls, _usual(subject)
    try:
        cls.Config.model_validate({**values, _UNKNOWN: 1})
    except ValidationError:
        pass
    else:
        raise CheckFailed(
            "Config takes a setting that it does not have. Keep MethodConfig's model_config, which forbids "
            "it."
        )
    for name in cls.Config.model_fields:
        try:
            resolve_config(cls.PLUGIN_NAME, cls.Config, {**values, name: _WRONG}, {})
        except ConfigError:
            continue
        except Exception as error:
            raise CheckFailed(
                f"setting {name!r} answers a value of a wrong type by {said(error)}. Raise ValueError in "
                "its validator, after its type was looked at."
            ) from error
        raise CheckFailed(
            f"setting {name!r} takes {_WRONG!r}. Annotate it with its type (int, float, bool, str, "
            "Literal), and numbers with their range: Field(default=..., ge=...)."
        )


def check_settings_documented(subject: Subject) -> None:
    """The docstring of `Config` says under `Attributes` what each setting is.

    Raises:
        CheckFailed: One is left out.
    """
    _usual(subject)
    known = meanings(subject.cls.Config)
    silent = [name for name in subject.cls.Config.model_fields if not known.get(name)]
    require(
        not silent,
        f"the docstring of {subject.cls.Config.__name__} does not say what {', '.join(silent)} is. Write "
        "`name: what it is` under `Attributes:`; `hashbench methods NAME` shows it.",
    )


def _usual(subject: Subject) -> Mapping[str, Any]:
    """The first preset's values.

    Raises:
        CheckSkipped: Settings are not what they should be.
    """
    try:
        check_presets(subject)
    except CheckFailed as error:
        raise CheckSkipped("settings cannot be made: see check_presets") from error
    return next(iter(subject.cls.PRESETS.values())).config
