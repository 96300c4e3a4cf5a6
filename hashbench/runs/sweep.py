"""What a person asks for: grids of runs, from the command line's options or from a sweep file."""

from __future__ import annotations

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, ValidationError

from hashbench.errors import ConfigError, UnknownNameError, reason

# In the place of a kind of noise: tags as they are.
NO_NOISE = "none"
Value = TypeVar("Value")


def _listed(value: Any) -> Any:
    """A scalar as the list that it stands for."""
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError("Expected a value or a list of values, not an empty list")
        return value
    return (value,)


def _as_typed(value: Any) -> Any:
    """A setting as it would be typed after --set, so that both ways of giving it mean the same."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


# Yes and no are no numbers.
Whole = Annotated[int, Strict()]
Many = Annotated[tuple[Value, ...], BeforeValidator(_listed)]
Setting = Annotated[str, BeforeValidator(_as_typed)]


class Grid(BaseModel):
    """Runs of every method at every coordinate; a scalar is a list of one.

    The names are those of the options of `hashbench run`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Many[str]
    bits: Many[Whole] = (32,)
    dataset: Many[str | None] = (None,)
    tags: Many[str | None] = (None,)
    protocol: Many[str | None] = (None,)
    vocabulary: Many[Path | None] = (None,)
    noise: Many[str] = (NO_NOISE,)
    noise_seed: Many[Whole] = (0,)
    web: Many[str | None] = (None,)
    split: Many[str | None] = (None,)
    backbone: Many[str | None] = (None,)
    weights: Many[Path | None] = (None,)
    preset: Many[str | None] = (None,)
    seed: Many[Whole] = (0,)
    data_root: Many[Path | None] = (None,)
    set: dict[str, Many[Setting]] = Field(default_factory=dict)


class Sweep(BaseModel):
    """A sweep file: the runs that there shall be, and what shall be written of them.

    Attributes:
        grids: Which runs.
        reports: Which reports, as they stand in the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    grids: list[Grid] = Field(min_length=1)
    reports: list[dict[str, Any]] = Field(default_factory=list)

    def data_roots(self) -> dict[str, Path]:
        """Where the files of data sets lie, by name."""
        return {
            name: root
            for grid in self.grids
            for name in grid.dataset
            for root in grid.data_root
            if name and root
        }


class _Loader(yaml.SafeLoader):
    """YAML without tags that make objects, and without keys that silently replace others.

    Numbers and true and false are those of YAML 1.2: of the older kind, `on` is true, 010 is 8 and 1:30 is
    90, and a setting would mean something else than on the command line.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as PyYAML has it

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping, each of whose keys stands there once."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is no word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value!r} stands there twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"[-+]?(0|[1-9][0-9]*)", [*"-+0123456789"]),
    (
        "float",
        r"[-+]?((\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)",
        [*"-+.0123456789"],
    ),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def read_sweep(path: Path) -> Sweep:
    """Read a sweep file; see docs/sweeps.md.

    Raises:
        ConfigError: It is missing, no YAML, or does not say what a sweep file says.
        UnknownNameError: It has a key that a sweep file does not have.
    """
    where = f"sweep file {str(path)!r}"
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
    except OSError as error:
        raise ConfigError(f"{where} cannot be read ({reason(error)}). Expected a YAML file.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{where}, byte {error.start}: Expected YAML in UTF-8.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}{_place_of(error)}. Expected YAML.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"{where}: {reason(error)}. Expected YAML.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{where} holds {_kind(content)}. Expected the key 'grids' with a list of grids.")
    try:
        return Sweep.model_validate(content)
    except ValidationError as error:
        raise refusal(where, error, Sweep) from error


def refusal(where: str, error: ValidationError, model: type[BaseModel]) -> ConfigError | UnknownNameError:
    """What is wrong first, and where in what was to become that model.

    An unknown key comes before a missing one, which it may be, misspelt.
    """
    wrong = error.errors()
    first = next((one for one in wrong if one["type"] == "extra_forbidden"), wrong[0])
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"]]
    if first["type"] == "extra_forbidden":
        *holder, key = first["loc"]
        inside = f", {''.join(steps[:-1]).removeprefix('.')}" if holder else ""
        known = _model_at(model, holder).model_fields
        return UnknownNameError(f"key in {where}{inside}:", str(key), known)
    place = "".join(steps).removeprefix(".")
    if first["type"] == "missing":
        return ConfigError(f"{where}: {place} is missing. Expected a value.")
    said = first["msg"].removeprefix("Value error, ").removesuffix(".")
    got = "" if "Expected" in said else f" Got {_kind(first['input'])}."
    return ConfigError(f"{where}, {place}: {said}.{got}")


def _model_at(model: type[BaseModel], place: list[int | str]) -> type[BaseModel]:
    """The model of a part of a model."""
    for step in place:
        if isinstance(step, str):
            annotation = model.model_fields[step].annotation
            inner = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type)]
            model = next((one for one in inner if issubclass(one, BaseModel)), model)
    return model


def _place_of(error: yaml.YAMLError) -> str:
    """Line, column and complaint of a parser."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f", line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
    return f": {reason(error)}"


def _kind(value: Any) -> str:
    """What YAML calls a value, and the value where it is short."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return repr(value)
