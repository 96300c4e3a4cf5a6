"""The page of one method: what it is, its settings, and its rows in every comparison."""

from __future__ import annotations

from collections.abc import Sequence

from hashbench.methods.method import Method
from hashbench.methods.settings import settings_of
from hashbench.plugins import Plugins
from hashbench.reports.site.drawings import Drawing
from hashbench.reports.site.index_page import Shown
from hashbench.reports.site.render import page
from hashbench.runs.record import RunRecord

_UNKNOWN = "This method was not installed where this page was made; what is known of it is in its runs."


def method_page(
    name: str,
    records: Sequence[RunRecord],
    shown: Sequence[Shown],
    noise_charts: Sequence[Drawing],
    plugins: Plugins,
) -> bytes:
    """The page's HTML.

    Args:
        name: The method.
        records: Its runs.
        shown: The comparisons that it takes part in, with its rows alone.
        noise_charts: What noise does to it; empty where it has not met any.
        plugins: What is installed.
    """
    method = plugins.methods.get(name)
    versions = sorted({str(record.spec.method["version"]) for record in records})
    facts = [
        ("learns from", ", ".join(sorted({record.supervision for record in records}))),
        (f"version{'s' if len(versions) > 1 else ''}", ", ".join(versions)),
        ("runs", f"{len(records):,}"),
    ]
    return page(
        "method",
        root="../",
        here="method",
        method=name,
        description=method.DESCRIPTION if method else _UNKNOWN,
        facts=facts,
        presets=_presets(method) if method else [],
        settings=settings_of(method) if method else [],
        comparisons=[one for one in shown if not one.group["noise"]],
        noisy=[one for one in shown if one.group["noise"]],
        noise_charts=noise_charts,
    )


def _presets(method: type[Method]) -> list[dict[str, str]]:
    return [{"name": name, "about": preset.description} for name, preset in method.PRESETS.items()]
