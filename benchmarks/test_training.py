"""The harness against what one would write by hand, and its input path against a usual one.

    OMP_NUM_THREADS=2 uv run pytest benchmarks/test_training.py -s

Every round runs both sides in turn, in one process, each warmed up; the median of the rounds' ratios is
printed. Both sides are checked to give the same result first, where they do the same.
"""

import time
from functools import partial
from statistics import median

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from hashbench.data.collection import ImageCollection
from hashbench.data.pixels import cached_pixels
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Context
from hashbench.progress import LoggedProgress, SilentProgress
from hashbench.training.config import DeepConfig
from hashbench.training.deep import DeepHash
from hashbench.training.loader import Loader
from hashbench.training.objective import Objective, Stage
from hashbench.training.plan import Plan
from hashbench.training.schedule import Schedule
from hashbench.training.seeding import derive
from made_backbone import MadeAlexNet

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Cosines(DeepHash):
    """Outputs are to have the cosines of some targets: a loss of all pairs, as hashing has them."""

    PLUGIN_NAME, DESCRIPTION = "cosines", "cosines of targets"
    SUPERVISION = Supervision.NONE
    finetunes = False

    def objective(self, view):
        targets = np.random.default_rng(0).standard_normal((len(view), 64)).astype(np.float32)
        return Objective(
            lambda batch: pairs(batch.output, batch.targets["wanted"]), targets={"wanted": targets}
        )


class FromPixels(Cosines):
    """The same, with the backbone."""

    PLUGIN_NAME, finetunes = "cosines-from-pixels", True


def pairs(outputs, wanted):
    """Mean squared difference of the cosines of all pairs."""
    one, other = functional.normalize(outputs), functional.normalize(wanted)
    return (one @ one.T - other @ other.T).square().mean()


def view_of(**images):
    return TrainView(
        ImageView(**images),
        Supervision.NONE,
        load_tags=lambda: None,
        load_web=lambda: None,
        load_labels=lambda: None,
    )


def by_hand(network, read, count, config):
    """What one would write: the same batches in the same order, Adam, and nothing else."""
    plan = Plan(torch.arange(count), config.batch_size, config.iterations, 0, "gradient steps")
    wanted = torch.from_numpy(np.random.default_rng(0).standard_normal((count, 64)).astype(np.float32))
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    network.train()
    losses = []
    for step, places in plan.batches(0):
        torch.default_generator.manual_seed(derive(0, f"gradient steps {step}: process 0, part 0"))
        loss = pairs(network(read(places)), wanted[places])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def compare(benchmark, peer, ours, aim, rounds):
    """Time both in turn; print the median of the ratios, theirs to ours, beside the one aimed at."""
    theirs, own = [], []

    def timed(call, seconds):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)

    benchmark.pedantic(
        partial(timed, ours, own), setup=partial(timed, peer, theirs), rounds=rounds, warmup_rounds=1
    )
    ratio = median(a / b for a, b in zip(theirs[1:], own[1:], strict=True))
    benchmark.extra_info.update(peer_seconds=median(theirs), ratio=ratio)
    print(f"\n{benchmark.name}: {median(theirs):.3f} s / {median(own):.3f} s, ratio {ratio:.3f}, aim {aim}")
    return ratio


@pytest.fixture(scope="module")
def features():
    made = np.random.default_rng(0).standard_normal((3000, 1280)).astype(np.float32)
    made.flags.writeable = False
    return made


@pytest.mark.benchmark(group="harness against a loop by hand")
def test_a_head_on_features(benchmark, features):
    config = DeepConfig(iterations=150, batch_size=256, hidden=512, dropout=0.3)
    view = view_of(features=features)

    def ours():
        log = LoggedProgress(SilentProgress())
        Cosines(config, Context(bits=64, progress=log)).fit(view)
        return [point["loss"] for point in log.points]

    def peer():
        network = Cosines(config, Context(bits=64)).fresh(view.images)
        return by_hand(network, lambda places: torch.from_numpy(features[places.numpy()]), 3000, config)

    steps = 3000 // config.batch_size
    assert np.mean(peer()[:steps]) == pytest.approx(ours()[0], rel=1e-5)
    compare(benchmark, peer, ours, 0.97, rounds=9)


@pytest.mark.benchmark(group="harness against a loop by hand")
def test_alexnet_on_pixels(benchmark):
    pixels = np.random.default_rng(0).integers(0, 256, (96, 256, 256, 3), dtype=np.uint8)
    config = DeepConfig(iterations=3, batch_size=32, learning_rate=1e-5)
    view = view_of(pixels=pixels)

    def method():
        return FromPixels(config, Context(bits=64, backbone=MadeAlexNet()))

    def ours():
        log = LoggedProgress(SilentProgress())
        fitting = FromPixels(config, Context(bits=64, backbone=MadeAlexNet(), progress=log))
        fitting.fit(view)
        return [point["loss"] for point in log.points]

    def peer():
        def read(places):
            middle = pixels[places.numpy()][:, 16:240, 16:240]
            return torch.from_numpy(middle).permute(0, 3, 1, 2)

        return by_hand(method().fresh(view.images), read, len(pixels), config)

    assert np.mean(peer()) == pytest.approx(ours()[0], rel=1e-4)
    compare(benchmark, peer, ours, 0.97, rounds=5)


class Photos(Dataset):
    """What one would write: PIL and torchvision's transforms, image by image."""

    def __init__(self, paths):
        self.paths = paths
        self.change = v2.Compose(
            [
                v2.Resize((256, 256)),
                v2.RandomCrop(227),
                v2.RandomHorizontalFlip(),
                v2.ToImage(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(MEAN, STD),
            ]
        )

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, place):
        with Image.open(self.paths[place]) as image:
            return self.change(image.convert("RGB"))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """JPEGs of 500 x 375, crops of two photos."""
    folder, generator = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    photos = load_sample_images().images
    paths = [folder / f"{n:03d}.jpg" for n in range(512)]
    for n, path in enumerate(paths):
        photo = photos[n % len(photos)]
        top, left = (
            int(generator.integers(photo.shape[axis] - side)) for axis, side in ((0, 375), (1, 500))
        )
        Image.fromarray(photo[top : top + 375, left : left + 500]).save(path, quality=90)
    return paths


@pytest.mark.benchmark(group="input path")
def test_cached_input(benchmark, paths, tmp_path):
    """Random crops of 227 and mirror images, 64 at a time, from the cache and from files."""
    names = tuple(path.name for path in paths)
    images = ImageCollection(
        "photos", names, names, ((),) * len(names), lambda index: paths[index].read_bytes()
    )
    rows, _ = cached_pixels(images, np.arange(len(paths)), 256, tmp_path, SilentProgress())
    config = DeepConfig(augment="crop", crop=227)
    source = FromPixels(config, Context(bits=8, backbone=MadeAlexNet())).harness.source
    stage = Stage(ImageView(pixels=rows), Objective(lambda batch: batch.output.sum()), Schedule(1, 64, 1.0))
    plan = Plan(torch.arange(len(paths)), 64, 8 * 20, 0, "steps")
    files = DataLoader(Photos(paths), batch_size=64, shuffle=True, num_workers=2, persistent_workers=True)

    def ours():
        loader = Loader(stage, source, slice(None))
        for loaded in loader.batches(plan.batches(0)):
            assert source.training(loaded.rows, "steps", 0, 64).shape == (64, 3, 227, 227)

    def peer():
        for batch in files:
            assert batch.shape == (64, 3, 227, 227)

    # Twenty epochs here against one there.
    compare(benchmark, peer, ours, f"{10 / 20} (10 times as many images a second)", rounds=5)


def has_amx():
    return torch.cpu._is_amx_tile_supported() if hasattr(torch.cpu, "_is_amx_tile_supported") else False


@pytest.mark.skipif(
    not has_amx(), reason="this processor has no AMX: bf16 is not faster than fp32 without it"
)
@pytest.mark.benchmark(group="precision")
def test_bf16_and_channels_last(benchmark):
    pixels = np.random.default_rng(0).integers(0, 256, (96, 256, 256, 3), dtype=np.uint8)

    def fit(**settings):
        config = DeepConfig(iterations=3, batch_size=32, learning_rate=1e-5, **settings)
        FromPixels(config, Context(bits=64, backbone=MadeAlexNet())).fit(view_of(pixels=pixels))

    plain, fast = (
        partial(fit, precision=precision, channels_last=last)
        for precision, last in (("fp32", False), ("bf16", True))
    )
    compare(benchmark, plain, fast, 2, rounds=3)
