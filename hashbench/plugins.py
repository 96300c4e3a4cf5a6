"""Finding what is installed: guarded loading of plugins, and look-up by name.

A plugin that cannot be loaded is reported by `hashbench plugins` and never stops a command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from hashbench import __version__, builtin, hookspecs
from hashbench.errors import ConfigError, PluginError, UnknownNameError

if TYPE_CHECKING:
    from hashbench.data.dataset import Dataset
    from hashbench.features.backbone import Backbone
    from hashbench.features.family import BackboneFamily
    from hashbench.methods.method import Method
    from hashbench.progress import Progress
    from hashbench.runs.record import RunRecord
    from hashbench.tags.protocol import TagProtocol

GROUP = "hashbench"
# In the place of a method's name: every method that finds in the data set what it learns from.
ALL = "all"
Named = TypeVar("Named", bound=type)


@dataclass(frozen=True)
class PluginReport:
    """What became of one plugin: `error` is empty where it loaded."""

    name: str
    distribution: str
    version: str
    error: str = ""


class Plugins:
    """Everything registered under a name: methods, data sets, tag protocols, backbones and families."""

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._manager.register(builtin, name="built-in")
        self._reports = {"built-in": PluginReport("built-in", "hashbench", __version__)}
        installed = entry_points(group=GROUP) if found is None else found
        for entry in sorted(installed, key=lambda entry: entry.name):
            self._load(entry)

    def _load(self, entry: EntryPoint) -> None:
        """Import and register one plugin; whatever it raises becomes its report."""
        distribution = entry.dist.name if entry.dist else "?"
        name = f"{entry.name} ({distribution})" if entry.name in self._reports else entry.name
        report = PluginReport(name, distribution, entry.dist.version if entry.dist else "?")
        try:
            module = entry.load()
            self._manager.register(module, name=name)
            self._manager.check_pending()
        except Exception as error:
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
            except Exception as error:
                progress.notice(f"plugin {implementation.plugin_name}: {_one_line(error)}")

    def _collect(self, hook: str, base: type) -> dict[str, Any]:
        """Ask every plugin for its classes; a plugin that fails is reported and left out."""
        classes: dict[str, Any] = {}
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            try:
                offered = _checked(implementation.function, hook, base, classes)
            except Exception as error:
                name = implementation.plugin_name
                self._reports[name] = replace(self._reports[name], error=_one_line(error))
            else:
                classes.update(offered)
        return dict(sorted(classes.items()))


def _checked(
    hook: Callable[[], list[type]], hook_name: str, base: type, taken: dict[str, type]
) -> dict[str, type]:
    """The classes that one plugin offers, by name.

    Raises:
        PluginError: A class is of the wrong kind, has no name, or takes a name already in use.
    """
    offered: dict[str, type] = {}
    for cls in hook():
        if not (isinstance(cls, type) and issubclass(cls, base)):
            raise PluginError(f"{hook_name} returned {cls!r}. Expected subclasses of {base.__name__}.")
        name = getattr(cls, "PLUGIN_NAME", None)
        if not isinstance(name, str) or not name:
            raise PluginError(f"class {cls.__qualname__} has no PLUGIN_NAME. Expected a string.")
        if name == ALL and hook_name == "hashbench_methods":
            raise PluginError(f"class {cls.__qualname__} is named {ALL!r}, which stands for all methods.")
        other = taken.get(name) or offered.get(name)
        if other is not None:
            raise PluginError(
                f"class {cls.__module__}.{cls.__qualname__} defines its name as {name!r} but that name "
                f"is already used by {other.__module__}.{other.__qualname__}."
            )
        offered[name] = cls
    return offered


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


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, PluginError) else f"{type(error).__name__}: {text}"
