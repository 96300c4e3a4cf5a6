"""What TensorBoard reads back is what the run was."""

import json
import shutil
import sys
from dataclasses import replace

import pytest

from hashbench_tracking import tensorboard_writer

BOARD = "tensorboard.backend.event_processing.event_accumulator"


@pytest.fixture
def read():
    """Everything that a folder holds."""
    accumulator = pytest.importorskip(BOARD, reason="needs hashbench-tracking[tensorboard]")

    def load(folder):
        found = accumulator.EventAccumulator(str(folder), size_guidance={"tensors": 0, "scalars": 0})
        return found.Reload()

    return load


@pytest.fixture
def board(tmp_path, monkeypatch, read, record, told):
    """The folder of one run that was told."""
    monkeypatch.setenv(tensorboard_writer.VARIABLE, str(tmp_path / "board"))
    assert told("tensorboard", record) == []
    return tmp_path / "board" / record.spec.run_id()


def test_curves_have_the_steps_of_their_phases(board, read):
    found = read(board)
    for phase in ("stage 1, prototypes: gradient steps", "gradient steps"):
        loss = found.Scalars(f"loss/{phase}")
        assert [(point.step, round(point.value, 4)) for point in loss] == [(10, 2), (20, 1), (30, 0.6667)]
        rate = found.Scalars(f"learning rate/{phase}")
        assert [(point.step, round(point.value, 4)) for point in rate] == [
            (10, 0.1),
            (20, 0.05),
            (30, 0.0333),
        ]
    assert not [name for name in found.Tags()["scalars"] if "epoch" in name]


def test_the_final_metrics_and_what_the_run_was_are_there(board, read, record):
    from tensorboard.plugins.hparams import plugin_data_pb2

    found = read(board)
    for name, value in record.metrics("hashbench").items():
        (point,) = found.Scalars(f"metrics/{name}")
        assert point.value == pytest.approx(value)
    start = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    told = plugin_data_pb2.HParamsPluginData.FromString(start).session_start_info.hparams
    assert told["method"].string_value == "typed"
    assert told["bits"].number_value == 32
    assert told["iterations"].number_value == 50


def test_the_identity_is_there_as_text(board, read, record):
    (text,) = read(board).Tensors("identity/text_summary")
    said = text.tensor_proto.string_val[0].decode()
    assert json.loads(said.removeprefix("```json\n").removesuffix("\n```")) == record.spec.as_json()


def test_every_run_has_one_folder_and_what_is_there_stays(board, record, told):
    (events,) = board.iterdir()
    before = events.read_bytes()
    assert told("tensorboard", record) == []
    assert [path.name for path in board.parent.iterdir()] == [record.spec.run_id()]
    assert events.read_bytes() == before


def test_a_run_that_cannot_be_read_leaves_nothing_half(tmp_path, monkeypatch, read, record, told):
    monkeypatch.setenv(tensorboard_writer.VARIABLE, str(tmp_path / "board"))
    shutil.rmtree(record.folder)
    (said,) = told("tensorboard", record)
    assert "history.json" in said
    assert list((tmp_path / "board").iterdir()) == []
    assert "is not stored" in told("tensorboard", replace(record, folder=None))[0]


def test_without_tensorboard_one_line_says_what_to_install(tmp_path, monkeypatch, record, told):
    monkeypatch.setenv(tensorboard_writer.VARIABLE, str(tmp_path / "board"))
    for name in ("torch.utils.tensorboard.summary", "torch.utils.tensorboard"):
        monkeypatch.setitem(sys.modules, name, None)
    (said,) = told("tensorboard", record)
    assert said.startswith("plugin tensorboard: ConfigError: HASHBENCH_TENSORBOARD is set")
    assert said.endswith("Expected pip install 'hashbench-tracking[tensorboard]'.")
    assert not (tmp_path / "board").exists()
