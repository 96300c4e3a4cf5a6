"""torchvision's networks: cut where they should be, and their published files are taken."""

import pytest
import torch
from torch import nn
from torchvision import models

from hashbench.errors import ConfigError, WeightsError
from hashbench.features.network import outline
from hashbench.features.torchvision import _cut, _network
from hashbench.plugins import Plugins

NETWORKS = models.list_models(module=models)
# RegNets are really built, to be measured: of this one that takes a minute and 2.5 GB.
LARGEST = {"regnet_y_128gf"}
ENDING_OTHERWISE = {"squeezenet1_0", "squeezenet1_1"}
# What stored runs and cached features are kept under: it must not change.
USUAL = {"side": 256, "crop": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


def saved(network, path):
    """Its state dict as a file."""
    torch.save(network.state_dict(), path)
    return path


def before_the_classifier(network, last, pixels):
    """What its layer of that name is given in torchvision's own network."""
    taken = []
    network.eval().get_submodule(last).register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0]))
    mean, std = (torch.tensor(USUAL[key]).view(3, 1, 1) for key in ("mean", "std"))
    with torch.inference_mode():
        network((pixels / 255 - mean) / std)
    return taken[0]


def features(backbone, weights, pixels):
    """What the backbone makes of the pixels."""
    with torch.inference_mode():
        return backbone(weights).network().eval()(pixels)


@pytest.fixture
def pixels():
    # Less than what the networks are shown otherwise, to be quick.
    return torch.randint(256, (2, 3, 96, 96), dtype=torch.uint8)


@pytest.mark.parametrize(
    ("name", "last", "dim"),
    [
        ("alexnet", "classifier.6", 4096),
        pytest.param("vgg16", "classifier.6", 4096, marks=pytest.mark.slow),
        ("resnet18", "fc", 512),
        ("resnet50", "fc", 2048),
        ("torchvision/resnet18", "fc", 512),
        ("torchvision/mobilenet_v3_small", "classifier.3", 1024),
        ("torchvision/googlenet", "fc", 1024),
        ("torchvision/swin_t", "head", 768),
    ],
)
def test_features_are_what_the_classifier_takes(name, last, dim, pixels, tmp_path):
    architecture = name.rpartition("/")[2]
    # GoogLeNet's published weights come with classifiers on the way, and with other normalisation.
    arguments = {"transform_input": True, "init_weights": True} if architecture == "googlenet" else {}
    network = models.get_model(architecture, weights=None, **arguments)
    weights, backbone = saved(network, tmp_path / "weights.pth"), Plugins().backbone(name)
    got = features(backbone, weights, pixels)
    assert got.shape == (2, dim) == (2, backbone.DIM)
    assert torch.equal(got, before_the_classifier(network, last, pixels))


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet18", "resnet50"])
def test_the_short_names_keep_their_identity(name, tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"")
    identity = Plugins().backbone(name)(tmp_path / "weights.pth").identity()
    assert len(identity.pop("weights")) == 64
    assert identity == {"name": name, "version": 1, **USUAL}


def test_a_network_is_shown_what_its_default_weights_expect():
    large = Plugins().backbone("torchvision/efficientnet_v2_l")
    assert (large.SIDE, large.CROP, large.MEAN, large.STD) == (480, 480, (0.5,) * 3, (0.5,) * 3)
    # Its weights are for larger images than the network has where none are asked for.
    vit = Plugins().backbone("torchvision/vit_h_14")
    assert (vit.CROP, vit.DIM) == (518, 1280)
    assert outline(lambda: _network("vit_h_14", 518)).encoder.pos_embedding.shape == (1, 37**2 + 1, 1280)


def test_densenets_take_the_names_of_their_published_files(tmp_path):
    state = models.densenet121(weights=None).state_dict()
    old = {}
    for key, tensor in state.items():
        head, layer, tail = key.partition(".denselayer")
        for part in ("norm1", "norm2", "conv1", "conv2"):
            tail = tail.replace(f".{part}.", f".{part[:-1]}.{part[-1]}.")
        # They are older than this counter.
        if not key.endswith("num_batches_tracked"):
            old[head + layer + tail] = tensor
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    for name, content in (("new", state), ("old", old)):
        torch.save(content, tmp_path / f"{name}.pth")
    cls = Plugins().backbone("torchvision/densenet121")
    new, old = (cls(tmp_path / f"{name}.pth").network().state_dict() for name in ("new", "old"))
    assert new.keys() == old.keys() and all(torch.equal(new[key], old[key]) for key in new)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*NETWORKS} - ENDING_OTHERWISE - LARGEST))
def test_every_network_ends_in_the_layer_that_is_cut(name):
    backbone = Plugins().backbone(f"torchvision/{name}")
    assert backbone.SIDE >= backbone.CROP
    network = outline(lambda: _network(name, backbone.CROP))
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    assert last.out_features == 1000 and _cut(network)[1] == backbone.DIM
    with torch.inference_mode(), torch.device("meta"):
        assert network(torch.zeros(2, 3, backbone.CROP, backbone.CROP)).shape == (2, backbone.DIM)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("resnet19", "unknown torchvision model 'resnet19'. Did you mean 'resnet18' or "),
        ("squeezenet1_0", "SqueezeNet of torchvision ends in no linear layer."),
        ("fasterrcnn_resnet50_fpn", "'fasterrcnn_resnet50_fpn' is made for another task"),
        ("deeplabv3_resnet50", "made for another task"),
        ("r3d_18", "made for another task"),
        ("quantized_resnet18", "or quantized"),
    ],
)
def test_names_that_give_no_features_are_refused(name, line):
    with pytest.raises(ConfigError) as refused:
        Plugins().backbone(f"torchvision/{name}")
    assert line in str(refused.value) and len(str(refused.value)) < 200


def test_weights_of_another_network_are_refused_by_the_first_names_that_are_wrong(tmp_path):
    weights = saved(models.resnet18(weights=None), tmp_path / "weights.pth")
    with pytest.raises(WeightsError) as refused:
        Plugins().backbone("torchvision/resnet50")(weights).network()
    line = str(refused.value)
    assert line.startswith("backbone 'torchvision/resnet50': weights file ") and "\n" not in line
    assert '"layer1.0.conv3.weight"' in line and len(line) < 500


def test_no_number_is_drawn_or_kept_for_an_outline():
    before = torch.random.get_rng_state()
    network = outline(
        lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 5, bias=False))
    )
    assert torch.equal(before, torch.random.get_rng_state())
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}
    assert nn.Linear(3, 4).weight.device.type == "cpu"
