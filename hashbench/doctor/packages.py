"""What is installed, and whether it is what the installed distributions of the suite ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution, entry_points, version
from importlib.util import find_spec

from packaging.requirements import Requirement

from hashbench.doctor.finding import Finding, State
from hashbench.plugins import GROUP
from hashbench.runs.environment import versions

_CORE = "hashbench"
# Modules of another name than their distribution, which can come without one: built from source, say.
_MODULES = {"faiss-cpu": "faiss"}
# Of the core's extras: what it is missing for is told where that is looked at.
_TOLD_ELSEWHERE = {"numba"}


def packages() -> Iterator[Finding]:
    """Versions of what computes; then everything that is required and missing or of another version."""
    listed = ", ".join(f"{name} {number}" for name, number in versions().items())
    yield Finding("packages", listed)
    ours = _ours()
    wrong = [finding for each in ours for finding in _required(each)]
    yield from wrong
    if not wrong:
        names = " and ".join([_CORE, "its plugins"] if len(ours) > 1 else [_CORE])
        yield Finding("packages", f"everything that {names} cannot do without is installed")
    for each in ours:
        yield from _extras(each)


def _ours() -> list[Distribution]:
    """The core, where it is installed as a distribution, and every distribution that brings a plugin."""
    named = {entry.dist.name: entry.dist for entry in entry_points(group=GROUP) if entry.dist}
    try:
        return [distribution(_CORE), *(named[name] for name in sorted(named) if name != _CORE)]
    except PackageNotFoundError:
        return [named[name] for name in sorted(named)]


@dataclass(frozen=True)
class _Unmet:
    """A requirement that what is installed does not meet; `installed` is empty where nothing is."""

    requirement: Requirement
    installed: str


def _unmet(asking: Distribution, extra: str = "") -> Iterator[_Unmet]:
    """What a distribution requires, or one of its extras in addition, and has not."""
    for text in asking.requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        plain = marker is None or marker.evaluate({"extra": ""})
        applies = not plain and marker is not None and marker.evaluate({"extra": extra}) if extra else plain
        # An extra may name others of its own distribution, which are looked at themselves.
        if not applies or requirement.name == asking.name:
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            installed = ""
        if not installed or not requirement.specifier.contains(installed, prereleases=True):
            yield _Unmet(requirement, installed)


def _required(asking: Distribution) -> Iterator[Finding]:
    """A finding for each requirement that is not met."""
    for unmet in _unmet(asking):
        name, wanted = unmet.requirement.name, f"{unmet.requirement.name}{unmet.requirement.specifier}"
        by = f"{asking.name} requires {wanted}"
        mend = f"uv pip install '{wanted}'"
        if unmet.installed:
            yield Finding("packages", f"{by}; {unmet.installed} is installed", State.PROBLEM, mend)
        elif module := _without_distribution(name):
            what = f"{by}; a module {module} is here, but no distribution says its version"
            yield Finding("packages", what, State.NOTE)
        else:
            yield Finding("packages", f"{by}; it is not installed", State.PROBLEM, mend)


def _without_distribution(name: str) -> str:
    """The module that a distribution of that name would bring, if it is here all the same."""
    module = _MODULES.get(name, name.replace("-", "_"))
    try:
        return module if find_spec(module) is not None else ""
    except (ImportError, ValueError):  # it is there in a way that Python itself does not understand
        return ""


def _extras(asking: Distribution) -> Iterator[Finding]:
    """A note for each extra of which something is missing; what several lack is told of the smallest."""
    lacking = {
        extra: list(_unmet(asking, extra)) for extra in asking.metadata.get_all("Provides-Extra") or ()
    }
    told = set(_TOLD_ELSEWHERE)
    for extra, unmet in sorted(lacking.items(), key=lambda item: len(item[1])):
        names = [each.requirement.name for each in unmet if each.requirement.name not in told]
        told.update(names)
        if names:
            what = f"extra {extra} of {asking.name}: not installed, or not as it asks: {', '.join(names)}"
            yield Finding("packages", what, State.NOTE, _mend(asking, extra, names))


def _mend(asking: Distribution, extra: str, names: list[str]) -> str:
    """The command that installs an extra; the suite's own parts come with a checkout, where it is one."""
    if from_checkout(asking) and all(name.startswith(_CORE) for name in names):
        return "uv sync  # in the checkout"
    return f"uv pip install '{asking.name}[{extra}]'"


def from_checkout(installed: Distribution) -> bool:
    """Whether a distribution is used where its source lies."""
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))
