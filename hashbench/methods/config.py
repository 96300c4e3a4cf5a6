"""Typed settings of a method, from its defaults, a preset and the user's `--set key=value`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hashbench.errors import ConfigError, UnknownNameError


class MethodConfig(BaseModel):
    """Base of a method's settings: frozen, unknown keys refused, every field documented.

    >>> class LinearConfig(MethodConfig):
    ...     ridge: float = 0.1
    >>> resolve_config("linear", LinearConfig, {}, {"ridge": "0.5"}).ridge
    0.5
    >>> resolve_config("linear", LinearConfig, {}, {"rigde": "0.5"})
    Traceback (most recent call last):
    hashbench.errors.UnknownNameError: unknown linear setting 'rigde'. Did you mean 'ridge'? Known: ridge.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Config = TypeVar("Config", bound=MethodConfig)


@dataclass(frozen=True)
class Preset:
    """A named set of settings.

    Attributes:
        description: Where the values come from and what they are for.
        config: Settings that differ from the `Config` class's defaults.
        backbone: The backbone it is meant for; None for the suite's default.
    """

    description: str
    config: Mapping[str, Any] = field(default_factory=dict)
    backbone: str | None = None


def resolve_config(
    method: str, cls: type[Config], preset: Mapping[str, Any], settings: Mapping[str, str]
) -> Config:
    """Validate a preset's values overlaid with the user's.

    Raises:
        UnknownNameError: A key that the method does not have.
        ConfigError: A value of the wrong type or out of range.
    """
    for key in settings:
        if key not in cls.model_fields:
            raise UnknownNameError(f"{method} setting", key, cls.model_fields)
    try:
        return cls.model_validate({**preset, **settings})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "config"
        raise ConfigError(
            f"{method} setting {where}={first['input']!r}: {first['msg'].removeprefix('Value error, ')}."
        ) from error
