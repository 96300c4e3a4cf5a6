"""Runs for TensorBoard: a folder a run, below the folder that `HASHBENCH_TENSORBOARD` names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hashbench import hookimpl
from hashbench.errors import ConfigError, reason

if TYPE_CHECKING:
    from hashbench.runs.record import RunRecord

HASHBENCH_API = 1
VARIABLE = "HASHBENCH_TENSORBOARD"


@hookimpl
def hashbench_run_finished(record: RunRecord) -> None:
    """Write the run, if somebody asked for it."""
    if folder := os.environ.get(VARIABLE):
        write(record, Path(folder))


def write(record: RunRecord, root: Path) -> None:
    """Write a run's folder, whole or not at all; one that is there already stays as it is.

    Args:
        record: A stored run.
        root: What `tensorboard --logdir` is to show.

    Raises:
        ConfigError: TensorBoard is not installed.
        StoreError: The disk refuses.
    """
    from hashbench.files import whole_folder  # noqa: PLC0415 - nothing is imported unless it is asked for

    writer_of, hparams = _tensorboard()
    with whole_folder(root / record.spec.run_id()) as folder, writer_of(str(folder)) as writer:
        _fill(writer, hparams, record)


def _tensorboard() -> tuple[Any, Any]:
    """The writer of event files, and what makes a summary of hyper-parameters."""
    try:
        from torch.utils.tensorboard.summary import hparams  # noqa: PLC0415 - as above
        from torch.utils.tensorboard.writer import SummaryWriter  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"{VARIABLE} is set, and TensorBoard cannot be imported ({reason(error)}). "
            "Expected pip install 'hashbench-tracking[tensorboard]'."
        ) from error
    return SummaryWriter, hparams


def _fill(writer: Any, hparams: Any, record: RunRecord) -> None:
    from hashbench_tracking import contents  # noqa: PLC0415 - as above

    when = contents.finished(record)
    identity = json.dumps(record.spec.as_json(), indent=2, sort_keys=True)
    writer.add_text("identity", f"```json\n{identity}\n```", walltime=when)
    for notice in record.notices:
        writer.add_text("notices", notice, walltime=when)
    for point in contents.curves(record):
        writer.add_scalar(point.curve, point.value, point.iteration, walltime=when)
    metrics = {f"metrics/{name}": value for name, value in contents.reached(record).items()}
    for name, value in metrics.items():
        writer.add_scalar(name, value, 0, walltime=when)
    # The writer's own method would put these into a folder of their own, as a second run.
    for summary in hparams(contents.coordinates(record) | contents.settings(record), metrics):
        writer.file_writer.add_summary(summary, walltime=when)
