"""What a run learnt comes back from its folder, and codes as it did; what has changed is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hashbench.codes.storage import load_codes
from hashbench.errors import DataError, StoreError, UnknownNameError, WeightsError
from hashbench.files import cache_root
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.runs.inputs import RunInputs
from hashbench.runs.request import Preparer, RunRequest
from hashbench.runs.trained import trained

QUIET = SilentProgress()


def rebuilt(folder, **options):
    return trained(Path(folder), Plugins(), "cpu", QUIET, **options)


def database_of(method, bits, dataset="shapes", backbone="pooled"):
    """The images that a run of that method coded, as the method is shown them."""
    run = Preparer(Plugins()).prepare(RunRequest(method, bits, dataset=dataset, backbone=backbone))
    inputs = RunInputs(run, run.build("cpu", QUIET), cache_root(), "cpu", QUIET)
    return inputs.images(inputs.split.database)


@pytest.mark.parametrize("method", ["signs", "pq", "wsdhq", "float32", "rabitq"])
def test_a_rebuilt_method_codes_as_it_did(method, run):
    settings = ["--set", "wsdhq.iterations=3"] if method == "wsdhq" else []
    (told,) = run("--method", method, "--bits", "16", *settings)
    folder = Path(told["run_dir"])
    found = rebuilt(folder)
    assert found.record.spec.run_id() == folder.name
    _, database, _ = load_codes(folder / "codes.npz")
    again = found.method.encode(database_of(method, 16)).arrays()
    assert all(np.array_equal(array, again[name]) for name, array in database.arrays().items())


@pytest.fixture
def folder(run):
    return Path(run("--method", "signs", "--bits", "16")[0]["run_dir"])


def edited(folder, edit):
    """The folder, of whose method the config says something else."""
    config = json.loads((folder / "config.json").read_text())
    edit(config["spec"])
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_method_of_another_version_is_refused(folder):
    edited(folder, lambda spec: spec["method"].update(version=7))
    with pytest.raises(DataError, match="made by version 7 of method 'signs', and version 1"):
        rebuilt(folder)


def test_a_method_that_is_not_installed_is_refused(folder):
    edited(folder, lambda spec: spec["method"].update(name="sings"))
    with pytest.raises(UnknownNameError, match="Did you mean 'signs'"):
        rebuilt(folder)


def test_other_weights_are_refused(folder, tmp_path):
    torch.save({"scale": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"weights differ.*--weights FILE"):
        rebuilt(folder, weights=tmp_path / "other.pth")


@pytest.mark.parametrize("content", [b"", b"no safetensors", None])
def test_a_damaged_model_is_refused(content, folder):
    model = folder / "model.safetensors"
    model.unlink() if content is None else model.write_bytes(content)
    with pytest.raises(StoreError, match=r"cannot take back what it learnt.*runs verify signs_16b"):
        rebuilt(folder)
