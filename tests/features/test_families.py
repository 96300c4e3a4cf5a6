"""A prefix and a slash: built-in families and a stranger's, found the same way as registered names."""

import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
import torch

from hashbench.errors import ConfigError, PluginError, UnknownNameError, WeightsError
from hashbench.features.backbone import Backbone
from hashbench.features.family import BackboneFamily
from hashbench.plugins import Plugins

PAGE = Path(__file__).parents[2] / "docs/backbones.md"


class Broken(BackboneFamily):
    """Returns what a test gives it."""

    PLUGIN_NAME = "broken"
    DESCRIPTION = "broken"
    returned = None

    def backbone(self, name):
        return self.returned


@pytest.fixture
def plugins(monkeypatch):
    """With the broken family beside the others."""
    known = Plugins()
    monkeypatch.setitem(known.backbone_families, "broken", Broken)
    return known


def test_families_are_found():
    assert list(Plugins().backbone_families) == ["pool", "timm", "torchvision"]


def test_registered_names_come_first():
    plugins = Plugins()
    assert plugins.backbone("pooled") is plugins.backbones["pooled"]
    assert plugins.backbone(None).IS_DEFAULT
    plugins.backbones["pool/4"] = plugins.backbones["pooled"]
    assert plugins.backbone("pool/4") is plugins.backbones["pooled"]


@pytest.mark.parametrize("name", ["pol/4", "pool", "/4", "4/pool", "/"])
def test_an_unknown_prefix_shows_what_there_is(name):
    with pytest.raises(UnknownNameError) as refused:
        Plugins().backbone(name)
    line = str(refused.value)
    assert line.startswith(f"unknown backbone {name!r}.") and "pool/NAME, pooled, resnet18" in line


@pytest.mark.parametrize("returned", [None, Backbone, 4])
def test_a_family_that_returns_something_else(plugins, monkeypatch, returned):
    monkeypatch.setattr(Broken, "returned", returned)
    with pytest.raises(PluginError, match="backbone family 'broken' made .* Expected .*'broken/one'"):
        plugins.backbone("broken/one")


def test_the_nearest_names_are_few():
    error = Broken().unknown("resnet19", [f"resnet1{digit}" for digit in range(8)])
    assert isinstance(error, ConfigError)
    assert str(error).startswith("unknown broken model 'resnet19'. Did you mean 'resnet1")
    assert str(error).count(" or ") == 2
    assert str(Broken().unknown("a", ["b"])) == "unknown broken model 'a'."


def test_finding_families_imports_no_library():
    code = (
        "import sys; from hashbench.plugins import Plugins; Plugins([]).backbone_families; "
        "sys.exit(bool({'torch', 'timm', 'torchvision'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_strangers_family_runs(run, cli, tmp_path):
    named = ("--method", "signs", "--bits", "48", "--backbone")
    (record,) = run(*named, "pool/4")
    assert run(*named, "pool/4") == [record]
    (other,) = run(*named, "pool/5")
    assert other["run_id"] != record["run_id"]
    page = cli("leaderboard", "--runs", tmp_path / "runs")[1]
    assert "pool/4" in page and "pool/5" in page


def test_its_errors_are_one_line(cli, tmp_path):
    arguments = ("run", "--dataset", "shapes", "--method", "signs", "--runs", tmp_path / "runs")
    status, out, err = cli(*arguments, "--backbone", "pool/four")
    assert (status, out, err) == (2, "", "error: pool model 'four': Expected a number of cells.\n")


def test_the_family_of_the_page_runs(monkeypatch, run, tmp_path):
    """By a stand-in for the library that it wraps, of the library's interface."""
    clip = types.ModuleType("open_clip")
    clip.OPENAI_DATASET_MEAN = clip.OPENAI_DATASET_STD = (0.5, 0.5, 0.5)
    clip.list_models = lambda: ["ViT-B-32"]
    clip.get_model_config = lambda name: {"embed_dim": 48, "vision_cfg": {"image_size": 32}}

    def create_model(name):
        whole = torch.nn.Module()
        whole.visual = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32**2, 48))
        return whole

    clip.create_model = create_model
    monkeypatch.setitem(sys.modules, "open_clip", clip)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    (tmp_path / "towers.py").write_text(code)
    information = tmp_path / "hashbench_towers-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: hashbench-towers\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text("[hashbench]\ntowers = towers\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    torch.save(create_model("").state_dict(), tmp_path / "weights.pth")
    named = ("--backbone", "open_clip/ViT-B-32", "--weights", tmp_path / "weights.pth")
    (record,) = run("--method", "signs", "--bits", "48", *named)
    assert record["metrics"]["map@all"] > 0
    with pytest.raises(ConfigError, match="unknown open_clip model 'ViT-B-23'. Did you mean 'ViT-B-32'"):
        Plugins().backbone("open_clip/ViT-B-23")
    with pytest.raises(WeightsError, match="name its weights with --weights"):
        _ = Plugins().backbone("open_clip/ViT-B-32")().weights
