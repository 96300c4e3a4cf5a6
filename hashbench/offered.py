"""Whether what a plugin offers keeps the contract of the hooks: checked before anybody uses it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from hashbench.data.supervision import Supervision
from hashbench.errors import PluginError, UnknownNameError

# In the place of a method's name: every method that finds in the data set what it learns from.
ALL = "all"


def check_hooks(plugin: object, known: Iterable[str]) -> None:
    """Refuse hooks that would never be called.

    Args:
        plugin: The module, or whatever its entry point names.
        known: The names of all hooks.

    Raises:
        PluginError: A function is marked as a hook that there is not, or is one and is not marked.
    """
    hooks = sorted(known)
    for name, function in inspect.getmembers(plugin, inspect.isroutine):
        marked = hasattr(function, "hashbench_impl")
        if marked and name not in hooks:
            raise PluginError(str(UnknownNameError("hook", name, hooks)))
        if name in hooks and not marked:
            raise PluginError(f"function {name} is not marked. Expected @hookimpl above it.")


def named(offer: Any, hook: str, base: type, taken: Mapping[str, type]) -> dict[str, type]:
    """The classes that a plugin offers, by name.

    Args:
        offer: What its hook returned.
        hook: The hook's name.
        base: What they have to be subclasses of.
        taken: The classes that others have offered, by name.

    Raises:
        PluginError: They are no such classes, incomplete, or have a name that is in use.
    """
    if isinstance(offer, str) or not isinstance(offer, Iterable):
        raise PluginError(f"{hook} returned {offer!r}. Expected a list of subclasses of {base.__name__}.")
    offered: dict[str, type] = {}
    for cls in offer:
        if not (isinstance(cls, type) and issubclass(cls, base)):
            raise PluginError(f"{hook} returned {cls!r}. Expected subclasses of {base.__name__}.")
        name = _name(cls, hook)
        other = taken.get(name) or offered.get(name)
        if other is not None:
            raise PluginError(
                f"class {cls.__module__}.{cls.__qualname__} defines its name as {name!r} but that name "
                f"is already used by {other.__module__}.{other.__qualname__}."
            )
        _check_complete(cls, base)
        offered[name] = cls
    return offered


def _name(cls: type, hook: str) -> str:
    """What people call a class by.

    Raises:
        PluginError: It has no name, or one that stands for something else.
    """
    name = getattr(cls, "PLUGIN_NAME", None)
    if not isinstance(name, str) or not name:
        raise PluginError(f"class {cls.__qualname__} has no PLUGIN_NAME. Expected a string.")
    if name == ALL and hook == "hashbench_methods":
        raise PluginError(f"class {cls.__qualname__} is named {ALL!r}, which stands for all methods.")
    return name


def _check_complete(cls: type, base: type) -> None:
    """Refuse a class that a command would stumble over.

    Raises:
        PluginError: It lacks an attribute or a method, or an attribute is of the wrong kind.
    """
    for attribute in inspect.get_annotations(base):
        if attribute.isupper() and not hasattr(cls, attribute):
            raise PluginError(f"class {cls.__qualname__} has no {attribute}. See {base.__name__}.")
    description = getattr(cls, "DESCRIPTION", "")
    if not isinstance(description, str):
        raise PluginError(f"class {cls.__qualname__} has DESCRIPTION {description!r}. Expected a string.")
    supervision = getattr(cls, "SUPERVISION", Supervision.NONE)
    if not isinstance(supervision, Supervision):
        raise PluginError(
            f"class {cls.__qualname__} has SUPERVISION {supervision!r}. "
            f"Expected a member of Supervision: {', '.join(Supervision)}."
        )
    if missing := sorted(getattr(cls, "__abstractmethods__", ())):
        raise PluginError(f"class {cls.__qualname__} does not define {', '.join(missing)}.")
