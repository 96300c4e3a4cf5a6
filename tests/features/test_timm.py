"""timm's networks: without their classifier, by weights in any of the forms that people keep them in."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import timm
import torch

from hashbench.errors import ConfigError, WeightsError
from hashbench.plugins import Plugins

SMALL = [
    "test_vit.r160_in1k",
    "test_convnext",
    "test_efficientnet",
    "test_resnet",
    "resnet10t",
    "efficientvit_m0",  # its classifier has a normalisation of its own
]
NAME = "test_vit.r160_in1k"
STRANGER = Path(__file__).parent.parent / "stranger"


def backbone(name=NAME):
    return Plugins().backbone(f"timm/{name}")


@pytest.fixture
def network():
    """The whole of a small network."""
    return timm.create_model(NAME).eval()


def features(weights, name=NAME, pixels=None):
    """What the backbone makes of some pixels."""
    cls = backbone(name)
    if pixels is None:
        pixels = torch.arange(3 * cls.CROP**2).remainder(251).to(torch.uint8).view(1, 3, cls.CROP, cls.CROP)
    with torch.inference_mode():
        return cls(weights).network().eval()(pixels)


@pytest.mark.parametrize("name", SMALL)
def test_features_are_what_the_classifier_takes(name, tmp_path):
    network, cls = timm.create_model(name).eval(), backbone(name)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    pixels = torch.randint(256, (2, 3, cls.CROP, cls.CROP), dtype=torch.uint8)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (cls.MEAN, cls.STD))
    with torch.inference_mode():
        body = network.forward_features((pixels / 255 - mean) / std)
        expected = network.forward_head(body, pre_logits=True)
    got = features(tmp_path / "weights.pth", name, pixels)
    assert got.shape == (2, cls.DIM)
    assert torch.equal(got, expected)


def test_features_are_the_same_every_time(network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    assert torch.equal(features(tmp_path / "weights.pth"), features(tmp_path / "weights.pth"))


def test_the_transform_is_that_of_the_weights():
    cls = backbone("vit_small_patch14_dinov2.lvd142m")
    assert (cls.DIM, cls.SIDE, cls.CROP) == (384, 518, 518)
    assert (cls.PLUGIN_NAME, cls.MEAN) == ("timm/vit_small_patch14_dinov2.lvd142m", (0.485, 0.456, 0.406))
    clip = backbone("vit_base_patch32_clip_224.openai")
    assert (clip.DIM, clip.SIDE, clip.CROP) == (768, 248, 224) and clip.MEAN[0] == 0.48145466
    edged = backbone("volo_d4_448")
    assert edged.SIDE == edged.CROP == 448


@pytest.mark.parametrize(
    ("name", "dim"),
    [("swinv2_tiny_window8_256", 768), ("vit_tiny_r_s16_p8_224", 192), ("caformer_s18", 512)],
)
def test_the_width_of_networks_that_are_made_in_other_ways(name, dim):
    width = backbone(name).DIM
    assert width == dim


@pytest.mark.parametrize("form", ["headless", "wrapped", "model", "parallel", "safetensors", "classes"])
def test_the_forms_of_weights(network, form, tmp_path):
    state = network.state_dict()
    torch.save(state, tmp_path / "plain.pth")
    path = tmp_path / ("weights.safetensors" if form == "safetensors" else "weights.pth")
    headless = {key: tensor for key, tensor in state.items() if not key.startswith("head.")}
    if form == "safetensors":
        safetensors.torch.save_file(state, path)
    else:
        content = {
            "headless": headless,
            "wrapped": {"epoch": 3, "state_dict": state},
            "model": {"model": state, "optimizer": {}},
            "parallel": {"state_dict": {f"module.{key}": tensor for key, tensor in state.items()}},
            "classes": headless | {"head.weight": torch.zeros(21, 64), "head.bias": torch.zeros(21)},
        }
        torch.save(content[form], path)
    assert torch.equal(features(path), features(tmp_path / "plain.pth"))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            lambda state: state.pop("blocks.0.norm1.weight"),
            'Missing key(s) in state_dict: "blocks.0.norm1.w',
        ),
        (lambda state: state.update({"odd": torch.ones(1)}), 'Unexpected key(s) in state_dict: "odd"'),
        (lambda state: state.update({"norm.bias": torch.ones(3)}), "size mismatch for norm.bias"),
        (lambda state: state.clear(), "it holds no tensors by name"),
        (
            lambda state: (state.clear(), state.update({"head.weight": torch.zeros(21, 64)})),
            "nothing but a classifier",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(network, change, line, tmp_path):
    state = network.state_dict()
    change(state)
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match="backbone 'timm/test_vit.r160_in1k': weights file .* cannot be"):
        features(tmp_path / "weights.pth")
    with pytest.raises(WeightsError) as refused:
        features(tmp_path / "weights.pth")
    assert line in str(refused.value) and len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04cut"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files_are_refused(content, suffix, tmp_path):
    path = (tmp_path / "weights").with_suffix(suffix)
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="cannot be used"):
        features(path)


def test_a_file_of_something_else_is_refused(tmp_path):
    torch.save(torch.ones(3), tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match="it holds no tensors by name"):
        features(tmp_path / "weights.pth")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "vit_smal_patch14_dinov2",
            "unknown timm model 'vit_smal_patch14_dinov2'. Did you mean 'vit_small_",
        ),
        (
            "resnet18.nobody",
            "unknown timm model 'resnet18.nobody'. Did you mean 'resnet18d' or 'resnet18' or ",
        ),
        ("", "unknown timm model ''."),
        ("gemma4_vit_167m_enc", "'gemma4_vit_167m_enc' gives no vector."),
    ],
)
def test_names_that_give_no_features_are_refused(name, line):
    with pytest.raises(ConfigError) as refused:
        backbone(name)
    assert line in str(refused.value) and len(str(refused.value)) < 200


@pytest.mark.parametrize("size", [(3, 160, 192), (1, 160, 160)])
def test_images_of_another_shape_are_refused(size, monkeypatch):
    monkeypatch.setattr(timm.data, "resolve_data_config", lambda **_: {"input_size": size})
    with pytest.raises(ConfigError, match=f"takes 160 x {size[2]} pixels of {size[0]} channels. Expected"):
        backbone()


def test_weights_in_the_cache_of_the_hub_are_taken_without_asking(network, tmp_path, monkeypatch):
    import huggingface_hub

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", None)
    repository = tmp_path / f"models--timm--{NAME}"
    for folder in ("refs", "snapshots/0123abcd"):
        (repository / folder).mkdir(parents=True)
    (repository / "refs/main").write_text("0123abcd")
    file = repository / "snapshots/0123abcd/model.safetensors"
    safetensors.torch.save_file(network.state_dict(), file)
    assert backbone()().weights == file
    assert torch.equal(features(None), features(file))


def test_weights_that_are_published_elsewhere(tmp_path, monkeypatch):
    fetched = []
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(
        torch.hub, "download_url_to_file", lambda url, path, hash_prefix: fetched.append((url, hash_prefix))
    )
    cls = backbone("gcvit_base.in1k")
    assert cls().weights == tmp_path / "hub/checkpoints/gcvit_base_224_nvidia-f009139b.pth"
    assert [digest for _, digest in fetched] == ["f009139b"]


def test_a_network_without_published_weights():
    with pytest.raises(WeightsError, match="timm publishes no weights of that name. Expected another name"):
        _ = backbone("resnet50t")().weights


def test_without_a_network_one_line_comes_at_once(tmp_path):
    code = "import sys; from hashbench.cli.app import main; main(sys.argv[1:])"
    arguments = ("run", "--method", "signs", "--dataset", "shapes", "--backbone", f"timm/{NAME}")
    places = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": str(STRANGER)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--runs", tmp_path / "runs"],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()  # and none of a client that tries again and again
    address = f"http://127.0.0.1:9/timm/{NAME}/resolve/main/model.safetensors"
    assert f"error: backbone 'timm/{NAME}': {address} is not in the hub's cache" in line
    assert "name it with --weights" in line


def test_a_run_from_the_command_line(run, cli, network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    named = ("--backbone", f"timm/{NAME}", "--weights", tmp_path / "weights.pth")
    arguments = ("--method", "signs", "--bits", "32", *named)
    (record,) = run(*arguments)
    assert record["metrics"]["map@all"] > 0
    assert run(*arguments) == [record]
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "config.json").is_file(), "no slash in its name"
    page = cli("leaderboard", "--runs", tmp_path / "runs")[1]
    assert f"backbone timm/{NAME}" in page
