"""All that is measured for a run's method on this machine, to tell what more images would take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from hashbench.codes.storage import load_codes
from hashbench.data.collection import Collection
from hashbench.planning.capacity import Kept
from hashbench.planning.encoding import Encoding, measure_encoding
from hashbench.planning.scan import float_scan, measure_scan
from hashbench.plugins import Plugins
from hashbench.progress import Progress
from hashbench.ranking.distances import suited
from hashbench.runs.environment import environment
from hashbench.runs.folder import CODES
from hashbench.runs.record import RunRecord
from hashbench.runs.trained import trained


@dataclass(frozen=True)
class Survey:
    """What was measured.

    Attributes:
        record: The run.
        encoding: How fast images become codes.
        code: How the run's codes are kept and searched.
        floats: The same of its embeddings as float32, uncompressed.
        environment: Versions and hardware.
        load: Processes that wanted a core, in the mean over the minute before.
        measured: UTC time, ISO 8601.
    """

    record: RunRecord
    encoding: Encoding
    code: Kept
    floats: Kept
    environment: dict[str, Any]
    load: float
    measured: str


def survey(folder: Path, images: Collection, plugins: Plugins, device: str, progress: Progress) -> Survey:
    """Measure each step for about a second; what the run itself took is not looked at.

    Args:
        folder: The run's.
        images: Its data set.
        plugins: What is installed.
        device: Where the network and the method compute, as torch names it; the CPU searches.
        progress: Where to say what is measured.

    Raises:
        HashbenchError: The run's folder is damaged, or what it was made with is not here.
    """
    load = psutil.getloadavg()[0]
    with progress.task("measuring this machine", 3) as done:
        done.describe("measuring how fast images are encoded")
        fitted = trained(folder, plugins, device, progress)
        encoding = measure_encoding(fitted, images, device)
        done(1)
        done.describe("measuring how fast codes are searched")
        query, database, embeddings = load_codes(folder / CODES)
        scan = measure_scan(suited(query, database, embeddings)[0])
        done(1)
        done.describe("measuring how fast float32 is searched")
        cost = fitted.record.cost
        whole = float_scan(cost.embedding_bytes // 4)
        done(1)
    shared = cost.codebook_bytes + cost.model_bytes
    code = Kept(cost.code_bytes, shared, scan)
    return Survey(
        fitted.record,
        encoding,
        code,
        replace(code, code_bytes=cost.embedding_bytes, shared_bytes=cost.model_bytes, scan=whole),
        environment(device),
        load,
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
