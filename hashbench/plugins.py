"""Finding what is installed: guarded loading of plugins, and look-up by name.

A plugin that cannot be loaded is reported by `hashbench plugins` and never stops a command.
`$HASHBENCH_PLUGINS` names the only ones to load.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from hashbench import __version__, builtin, hookspecs
from hashbench.api_version import note_on
from hashbench.errors import ConfigError, PluginError, UnknownNameError
from hashbench.offered import ALL, check_hooks, named

if TYPE_CHECKING:
    from hashbench.data.dataset import Dataset
    from hashbench.features.backbone import Backbone
    from hashbench.features.family import BackboneFamily
    from hashbench.methods.method import Method
    from hashbench.progress import Progress
    from hashbench.runs.record import RunRecord
    from hashbench.tags.protocol import TagProtocol

__all__ = ["ALL", "GROUP", "VARIABLE", "PluginReport", "Plugins", "pick"]

GROUP = "hashbench"
VARIABLE = "HASHBENCH_PLUGINS"
# What a plugin may raise that stops nothing; some end the program when they are imported.
_FAULTS = (Exception, SystemExit)
_HOOKS = tuple(name for name in vars(hookspecs) if name.startswith("hashbench_"))
Named = TypeVar("Named", bound=type)


@dataclass(frozen=True)
class PluginReport:
    """What became of one plugin: `error` is empty where it loaded, `note` is what else there is to tell."""

    name: str
    distribution: str
    version: str
    error: str = ""
    note: str = ""


class Plugins:
    """Everything registered under a name: methods, data sets, tag protocols, backbones and families."""

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._manager.register(builtin, name="built-in")
        self._reports = {"built-in": PluginReport("built-in", "hashbench", __version__)}
        installed = _wanted(entry_points(group=GROUP)) if found is None else found
        for entry in sorted(installed, key=lambda entry: entry.name):
            self._load(entry)

    def _load(self, entry: EntryPoint) -> None:
        """Import and register one plugin; whatever it raises becomes its report."""
        distribution = entry.dist.name if entry.dist else "?"
        name = f"{entry.name} ({distribution})" if entry.name in self._reports else entry.name
        report = PluginReport(name, distribution, entry.dist.version if entry.dist else "?")
        try:
            module = entry.load()
            report = replace(report, note=note_on(module))
            check_hooks(module, _HOOKS)
            self._manager.register(module, name=name)
        except _FAULTS as error:
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            report = replace(report, error=_one_line(error))
        self._reports[name] = report

    def reports(self) -> list[PluginReport]:
        """One report a plugin, after every hook has been asked once."""
        for kind in ("methods", "datasets", "tag_protocols", "backbones", "backbone_families"):
            getattr(self, kind)
        return list(self._reports.values())

    @cached_property
    def methods(self) -> dict[str, type[Method]]:
        """Methods by name."""
        from hashbench.methods.method import Method  # noqa: PLC0415 - imports numpy and pydantic

        return self._collect("hashbench_methods", Method)

    @cached_property
    def datasets(self) -> dict[str, type[Dataset]]:
        """Data sets by name."""
        from hashbench.data.dataset import Dataset  # noqa: PLC0415

        return self._collect("hashbench_datasets", Dataset)

    @cached_property
    def tag_protocols(self) -> dict[str, type[TagProtocol]]:
        """Tag protocols by name."""
        from hashbench.tags.protocol import TagProtocol  # noqa: PLC0415

        return self._collect("hashbench_tag_protocols", TagProtocol)

    @cached_property
    def backbones(self) -> dict[str, type[Backbone]]:
        """Backbones by name."""
        from hashbench.features.backbone import Backbone  # noqa: PLC0415

        return self._collect("hashbench_backbones", Backbone)

    @cached_property
    def backbone_families(self) -> dict[str, type[BackboneFamily]]:
        """Families of backbones by prefix."""
        from hashbench.features.family import BackboneFamily  # noqa: PLC0415

        return self._collect("hashbench_backbone_families", BackboneFamily)

    def backbone(self, name: str | None) -> type[Backbone]:
        """The backbone that is registered under that name, or that a family makes of PREFIX/NAME.

        Raises:
            UnknownNameError: Nobody registered the name, or its prefix.
            ConfigError: The family has no such network, or there is no default.
        """
        prefix, slash, member = (name or "").partition("/")
        if name is None or name in self.backbones:
            return pick("backbone", name, self.backbones)
        if not slash or prefix not in self.backbone_families:
            families = [f"{prefix}/NAME" for prefix in self.backbone_families]
            raise UnknownNameError("backbone", name, [*self.backbones, *families])
        cls = self.backbone_families[prefix]().backbone(member)
        if getattr(cls, "PLUGIN_NAME", None) != name:
            raise PluginError(f"backbone family {prefix!r} made {cls!r}. Expected PLUGIN_NAME {name!r}.")
        return cls

    def run_finished(self, record: RunRecord, progress: Progress) -> None:
        """Show every plugin that asks for it a run that was just stored; say which of them fail."""
        for implementation in self._manager.hook.hashbench_run_finished.get_hookimpls():
            # Of the hook's arguments, an implementation takes what it names.
            given = {
                name: value for name, value in {"record": record}.items() if name in implementation.argnames
            }
            try:
                implementation.function(**given)
            except _FAULTS as error:
                progress.notice(f"plugin {implementation.plugin_name}: {_one_line(error)}")

    def _collect(self, hook: str, base: type) -> dict[str, Any]:
        """Ask every plugin for its classes; a plugin that fails is reported and left out."""
        classes: dict[str, Any] = {}
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            try:
                offered = named(implementation.function(), hook, base, classes)
            except _FAULTS as error:
                name = implementation.plugin_name
                self._reports[name] = replace(self._reports[name], error=_one_line(error))
            else:
                classes.update(offered)
        return dict(sorted(classes.items()))


def _wanted(installed: Iterable[EntryPoint]) -> list[EntryPoint]:
    """Of the installed plugins those that `$HASHBENCH_PLUGINS` names; all where it is not set.

    Raises:
        UnknownNameError: A name is neither a plugin's nor a distribution's.
    """
    found, wanted = list(installed), os.environ.get(VARIABLE)
    if wanted is None:
        return found
    asked = {_plain(name): name.strip() for name in wanted.split(",") if name.strip()}
    known = {_plain(name) for entry in found for name in _names(entry)}
    for plain, name in asked.items():
        if plain not in known:
            raise UnknownNameError(f"plugin in {VARIABLE}", name, {entry.name for entry in found})
    return [entry for entry in found if any(_plain(name) in asked for name in _names(entry))]


def _names(entry: EntryPoint) -> tuple[str, ...]:
    return (entry.name, entry.dist.name) if entry.dist else (entry.name,)


def _plain(name: str) -> str:
    """A name as indexes compare it: case, hyphens, dots and underscores do not matter."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def pick(kind: str, name: str | None, known: dict[str, Named]) -> Named:
    """The class of that name; without a name, the one that says it is the default.

    Raises:
        UnknownNameError: Nobody registered the name.
        ConfigError: No name was given and not exactly one class says it is the default.
    """
    if name is not None:
        if name not in known:
            raise UnknownNameError(kind, name, known)
        return known[name]
    defaults = [cls for cls in known.values() if getattr(cls, "IS_DEFAULT", False)]
    if len(defaults) != 1:
        listed = ", ".join(known) or "none installed"
        raise ConfigError(f"name the {kind} to use: there is no single default. Known: {listed}.")
    return defaults[0]


def _one_line(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:  # of a class that cannot say what it is
        text = ""
    return text if isinstance(error, PluginError) else f"{type(error).__name__}: {text}".removesuffix(": ")
