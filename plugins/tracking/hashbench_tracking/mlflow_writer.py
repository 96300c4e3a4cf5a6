"""Runs for MLflow: an experiment a data set, at the tracking address that `HASHBENCH_MLFLOW` names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from hashbench import hookimpl
from hashbench.errors import ConfigError, reason

if TYPE_CHECKING:
    from hashbench.runs.record import RunRecord

HASHBENCH_API = 1
VARIABLE = "HASHBENCH_MLFLOW"
# What MLflow takes at once.
_PARAMS, _METRICS = 100, 1000
Item = TypeVar("Item")


@hookimpl
def hashbench_run_finished(record: RunRecord) -> None:
    """Write the run, if somebody asked for it."""
    if address := os.environ.get(VARIABLE):
        write(record, address)


def write(record: RunRecord, address: str) -> None:
    """Write a run; it is `FINISHED` once everything is there, and `FAILED` where MLflow refuses a part.

    Args:
        record: A stored run.
        address: Of MLflow's store, such as `sqlite:///mlflow.db` or `http://localhost:5000`.

    Raises:
        ConfigError: MLflow is not installed.
    """
    from hashbench_tracking import contents  # noqa: PLC0415 - nothing is imported unless it is asked for

    client, experiment = _opened(address, record.spec.dataset["name"])
    ended = round(1000 * contents.finished(record))
    run = client.create_run(
        experiment,
        start_time=ended - round(1000 * record.cost.train_seconds),
        run_name=record.spec.run_id(),
        tags=_tags(record),
    ).info.run_id
    try:
        _fill(client, run, record, ended)
    except Exception:
        client.set_terminated(run, "FAILED", ended)
        raise
    client.set_terminated(run, "FINISHED", ended)


def _opened(address: str, dataset: str) -> tuple[Any, str]:
    """MLflow's client and the id of the data set's experiment."""
    from hashbench.data.lock import alone  # noqa: PLC0415 - as above
    from hashbench.files import cache_root  # noqa: PLC0415
    from hashbench.progress import SilentProgress  # noqa: PLC0415

    # What a run was is nobody else's business; whoever thinks otherwise sets it to false.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        from mlflow import MlflowClient  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"{VARIABLE} is set, and MLflow cannot be imported ({reason(error)}). "
            "Expected pip install 'hashbench-tracking[mlflow]'."
        ) from error
    # Two processes that make one database at once stumble over each other's tables.
    making = alone(cache_root() / "mlflow" / "database", "MLflow's database", SilentProgress())
    with making if address.startswith("sqlite") else nullcontext():
        client = MlflowClient(tracking_uri=address)
        return client, _experiment(client, dataset)


def _experiment(client: Any, name: str) -> str:
    """The id of the experiment of that name, which is made if there is none."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - as above

    if (found := client.get_experiment_by_name(name)) is None:
        try:
            return str(client.create_experiment(name))
        except MlflowException:
            # Another process may have been faster.
            if (found := client.get_experiment_by_name(name)) is None:
                raise
    return str(found.experiment_id)


def _tags(record: RunRecord) -> dict[str, str]:
    tags = {"hashbench.run_id": record.spec.run_id(), "hashbench.key": record.spec.key()}
    if commit := record.environment.get("commit"):
        tags["mlflow.source.git.commit"] = commit
    if record.notices:
        tags["mlflow.note.content"] = "\n\n".join(record.notices)
    return tags


def _fill(client: Any, run: str, record: RunRecord, when: int) -> None:
    """Parameters, curves, metrics and files.

    Args:
        client: MLflow's.
        run: MLflow's id of the run.
        record: The run.
        when: The time of every value, in milliseconds since 1970.
    """
    from mlflow.entities import Metric, Param  # noqa: PLC0415

    from hashbench.runs.folder import METRICS  # noqa: PLC0415 - as above
    from hashbench_tracking import contents  # noqa: PLC0415

    values: Mapping[str, object] = contents.coordinates(record) | {
        f"settings.{name}": value for name, value in contents.settings(record).items()
    }
    params = [Param(_name(name), str(value)) for name, value in values.items()]
    metrics = [
        Metric(_name(point.curve), point.value, when, point.iteration) for point in contents.curves(record)
    ]
    metrics += [Metric(_name(name), value, when, 0) for name, value in contents.reached(record).items()]
    for some in _parts(params, _PARAMS):
        client.log_batch(run, params=some)
    for several in _parts(metrics, _METRICS):
        client.log_batch(run, metrics=several)
    for file in ("config.json", METRICS):
        client.log_artifact(run, str(contents.folder_of(record) / file))


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _name(name: str) -> str:
    """A name of signs that MLflow takes.

    >>> _name("map@5000"), _name("loss/stage 1, prototypes: gradient steps")
    ('map_at_5000', 'loss/stage 1_ prototypes: gradient steps')
    """
    return re.sub(r"[^\w/.\- :]", "_", name.replace("@", "_at_"))
