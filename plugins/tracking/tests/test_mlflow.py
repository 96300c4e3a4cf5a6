"""What MLflow reads back is what the run was."""

import os
import shutil
import sys
from multiprocessing import get_context

import pytest

from hashbench.errors import ConfigError
from hashbench_tracking import mlflow_writer

# Before MLflow is imported: the tests tell nobody of themselves.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """A local database without any run, which takes MLflow seconds to make."""
    for package in ("sqlalchemy", "alembic"):
        pytest.importorskip(package, reason="needs hashbench-tracking[mlflow]")
    mlflow = pytest.importorskip("mlflow", reason="needs hashbench-tracking[mlflow]")
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow.MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def client(empty, tmp_path, monkeypatch):
    """A client of a local database, which the plugin writes to as well."""
    import mlflow

    address = f"sqlite:///{shutil.copy(empty, tmp_path)}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(mlflow_writer.VARIABLE, address)
    return mlflow.MlflowClient(tracking_uri=address)


@pytest.fixture
def runs(client):
    """Everything that MLflow has of the data set."""
    return lambda: client.search_runs([client.get_experiment_by_name("toys").experiment_id])


def test_a_run_has_its_parameters_metrics_tags_and_files(client, runs, record, told):
    assert told("mlflow", record) == []
    (run,) = runs()
    assert (run.info.run_name, run.info.status) == (record.spec.run_id(), "FINISHED")
    assert run.info.end_time - run.info.start_time == round(1000 * record.cost.train_seconds)
    assert run.data.params["method"] == "typed"
    assert run.data.params["bits"] == "32"
    assert run.data.params["settings.iterations"] == "50"
    assert "vocabulary" not in run.data.params
    assert run.data.tags["hashbench.run_id"] == record.spec.run_id()
    assert run.data.tags["mlflow.source.git.commit"] == record.environment["commit"]
    for name, value in record.metrics("hashbench").items():
        assert run.data.metrics[name.replace("@", "_at_")] == pytest.approx(value)
    files = [file.path for file in client.list_artifacts(run.info.run_id)]
    assert files == ["config.json", "metrics.json"]


def test_curves_have_the_steps_of_their_phases(client, runs, record, told):
    told("mlflow", record)
    (run,) = runs()
    for phase in ("stage 1_ prototypes: gradient steps", "gradient steps"):
        loss = client.get_metric_history(run.info.run_id, f"loss/{phase}")
        assert [(point.step, round(point.value, 4)) for point in loss] == [(10, 2), (20, 1), (30, 0.6667)]
        assert len(client.get_metric_history(run.info.run_id, f"learning rate/{phase}")) == 3


def test_runs_of_a_data_set_are_one_experiment(runs, record, told):
    told("mlflow", record)
    told("mlflow", record)
    assert len(runs()) == 2


def test_more_settings_than_mlflow_takes_at_once_are_all_there(runs, record, told):
    record.spec.method["config"].update({f"setting_{number}": number for number in range(250)})
    assert told("mlflow", record) == []
    (run,) = runs()
    assert run.data.params["settings.setting_249"] == "249"


def test_a_run_of_which_a_part_is_refused_is_not_finished(runs, record, told):
    (record.folder / "config.json").unlink()
    (said,) = told("mlflow", record)
    assert "config.json" in said
    (run,) = runs()
    assert run.info.status == "FAILED"


def test_without_mlflow_one_line_says_what_to_install(monkeypatch, record, told):
    monkeypatch.setenv(mlflow_writer.VARIABLE, "sqlite:///mlflow.db")
    monkeypatch.setitem(sys.modules, "mlflow", None)
    (said,) = told("mlflow", record)
    assert said.startswith(
        "plugin mlflow: ConfigError: HASHBENCH_MLFLOW is set, and MLflow cannot be imported"
    )
    assert said.endswith("Expected pip install 'hashbench-tracking[mlflow]'.")


def test_an_address_that_is_none_is_told_and_stops_nothing(monkeypatch, client, record, told):
    monkeypatch.setenv(mlflow_writer.VARIABLE, "nowhere://at/all")
    (said,) = told("mlflow", record)
    assert said.startswith("plugin mlflow: ")
    with pytest.raises(Exception, match="nowhere") as error:
        mlflow_writer.write(record, "nowhere://at/all")
    assert not isinstance(error.value, ConfigError)


def test_several_processes_may_make_a_database_at_once(client, record, tmp_path):
    address = f"sqlite:///{tmp_path / 'new.db'}"
    context = get_context("spawn")
    workers = [context.Process(target=mlflow_writer.write, args=(record, address)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    new = type(client)(tracking_uri=address)
    assert len(new.search_runs([new.get_experiment_by_name("toys").experiment_id])) == 3
