"""The plugins, and what is wrong with those that are broken."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from hashbench.doctor.finding import Finding, State
from hashbench.doctor.packages import from_checkout

if TYPE_CHECKING:
    from hashbench.plugins import Plugins


def plugins(installed: Plugins) -> Iterator[Finding]:
    """One finding for all that work, and one for each that does not."""
    reports = installed.reports()
    works = ", ".join(report.name for report in reports if not report.error)
    yield Finding("plugins", f"work: {works}")
    for report in reports:
        if report.error:
            what = f"plugin {report.name} {report.version} is broken: {report.error}"
            yield Finding("plugins", what, State.PROBLEM, _mend(report.distribution))


def _mend(name: str) -> str:
    """Install its distribution again, unless it is used where its source lies."""
    try:
        checkout = from_checkout(distribution(name))
    except PackageNotFoundError:  # a module on the path, of no distribution
        return "mend its source, or remove it"
    if checkout:
        return f"mend its source, or uv pip uninstall {name}"
    return f"uv pip install --reinstall {name}"
