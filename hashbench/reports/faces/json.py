"""The leaderboard as JSON, for programs: what the CSV file has, and what is to be known of it."""

from __future__ import annotations

import json as encoder
import math
from collections.abc import Sequence
from typing import Any

from hashbench.metrics.presets import MetricPreset
from hashbench.reports.comparison import Comparison
from hashbench.reports.faces.flat import flat
from hashbench.reports.leaderboard import main_metric
from hashbench.runs.failure import Failure


def json(parts: Sequence[Comparison], preset: MetricPreset, failures: Sequence[Failure] = ()) -> str:
    """The comparisons with their rows, the metric preset, and the runs that failed; NaN is null."""
    page = {
        "metric_preset": preset.as_json(),
        "main_metric": main_metric(preset),
        "comparisons": [
            {
                "title": part.title,
                "sizes": part.sizes,
                **part.group,
                "notices": list(part.notices),
                "rows": [
                    {name: _plain(value) for name, value in row.items() if name not in part.group}
                    for row in flat([part], preset).to_dict("records")
                ],
            }
            for part in parts
        ],
        "failures": [
            {
                "run_id": failure.run_id,
                "supervision": failure.supervision,
                "error": failure.error,
                "finished": failure.finished,
            }
            for failure in failures
        ],
    }
    return encoder.dumps(page, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
