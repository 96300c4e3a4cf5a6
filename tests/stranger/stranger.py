"""A plugin as a stranger would write it: a data set, a backbone and methods in one module.

The pictures are drawn, so that tests need no file: shapes are the ground truth, and tags name shape,
colour and noise.
"""

import io
import os
import signal
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from hashbench import fingerprint, hookimpl
from hashbench.codes.binary import BinaryCodes
from hashbench.data.collection import GroundTruth, ImageCollection
from hashbench.data.dataset import Dataset
from hashbench.data.split import Split
from hashbench.data.supervision import Supervision
from hashbench.errors import ConfigError, DataError, StoreError
from hashbench.features.backbone import Backbone
from hashbench.features.family import BackboneFamily
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Method

SHAPES = ("circle", "square", "bar")
COLOURS = ("red", "green", "blue", "orange")
WORDS = {"circle": ["ball", "round"], "square": ["box", "window"], "bar": ["road", "tree"]}
IMAGES = 120


def draw(number):
    """One picture as PNG bytes, its shape and its colour."""
    generator = np.random.default_rng(number)
    shape, colour = SHAPES[number % 3], COLOURS[generator.integers(4)]
    # Light patches, so that no two pictures are nearly the same.
    patches = generator.integers(150, 256, (4, 4)).astype(np.uint8)
    picture = Image.fromarray(patches).convert("RGB").resize((40, 40), Image.Resampling.NEAREST)
    x, y, size = *generator.integers(2, 12, 2).tolist(), int(generator.integers(16, 26))
    pen = ImageDraw.Draw(picture)
    if shape == "circle":
        pen.ellipse((x, y, x + size, y + size), fill=colour)
    else:
        pen.rectangle((x, y, x + size, y + (size if shape == "square" else 5)), fill=colour)
    picture.putpixel((number % 40, number // 40), (number, 0, 0))  # no two pictures are equal
    buffer = io.BytesIO()
    picture.save(buffer, "png")
    return buffer.getvalue(), shape, colour


class Shapes(Dataset):
    """Drawn shapes. A folder given as root may hold `broken`: then one picture is cut short."""

    PLUGIN_NAME = "shapes"
    DESCRIPTION = "drawn shapes"

    def images(self):
        """The pictures with tags of shape and colour."""
        drawn = [draw(number) for number in range(IMAGES)]
        files = [encoded for encoded, _, _ in drawn]
        if self.root is not None and not self.root.is_dir():
            raise DataError(f"shapes: no folder {str(self.root)!r}. Expected the data set's folder.")
        if self.root is not None and (self.root / "broken").exists():
            files[7] = files[7][:60]
        return ImageCollection(
            name=self.PLUGIN_NAME,
            ids=tuple(f"shape{number:03d}" for number in range(IMAGES)),
            hashes=tuple(fingerprint.of_bytes(encoded) for encoded in files),
            tags=tuple(
                (shape.upper(), WORDS[shape][number % 2], colour)
                for number, (_, shape, colour) in enumerate(drawn)
            ),
            read=lambda index: files[index],
        )

    def label_names(self):
        """The shapes."""
        return SHAPES

    def ground_truth(self):
        """Each picture's shape."""
        return GroundTruth(SHAPES, np.eye(3, dtype=bool)[np.arange(IMAGES) % 3])

    def splits(self):
        """The first 24 are queries, or the last 30 with 40 to learn from."""
        return {
            "test": lambda: Split("test", query=np.arange(24), database=np.arange(24, IMAGES)),
            "late": lambda: Split(
                "late",
                query=np.arange(IMAGES - 30, IMAGES),
                database=np.arange(IMAGES - 30),
                train=np.arange(40),
            ),
        }


class Pooled(Backbone):
    """Average-pooled pixels times a weight: as quick as a backbone can be."""

    PLUGIN_NAME = "pooled"
    DESCRIPTION = "8 x 8 average-pooled pixels"
    DIM = 192
    SIDE = 36
    CROP = 32
    MEAN = (0.5, 0.5, 0.5)
    STD = (0.5, 0.5, 0.5)
    CELLS = 8

    def own_weights(self):
        """A file beside this one."""
        return Path(__file__).with_name("pooled.pth")

    def build(self, state):
        """Pooling, then one learnt scale; most commands never ask for it, and are spared torch."""
        from pooling import Pool

        body = Pool(self.CELLS)
        body.load_state_dict(state)
        return body


class Grids(BackboneFamily):
    """The same with another grid: `pool/4` has 4 x 4 cells."""

    PLUGIN_NAME = "pool"
    DESCRIPTION = "average-pooled pixels, NAME cells to a side"

    def backbone(self, name):
        """The pooling to that grid."""
        if not name.isdecimal():
            raise ConfigError(f"pool model {name!r}: Expected a number of cells.")

        class Grid(Pooled):
            """That pooling."""

            PLUGIN_NAME = f"pool/{name}"
            DIM = 3 * int(name) ** 2
            CELLS = int(name)

        return Grid


class SignsConfig(MethodConfig):
    """Settings of the methods below."""

    fail: str = ""


class Wordless(Exception):  # noqa: N818
    """An error that cannot say what it is."""

    def __str__(self):
        raise RuntimeError("no words")


class Signs(Method):
    """Signs of the first centred features."""

    PLUGIN_NAME = "signs"
    DESCRIPTION = "signs of features"
    SUPERVISION = Supervision.NONE
    Config = SignsConfig

    def fit(self, view):
        """Keep the mean, or stop halfway in the way that a test asks for."""
        if self.config.fail == "interrupt":
            raise KeyboardInterrupt
        if self.config.fail == "bug":
            raise ValueError("it does\nnot fit")
        if self.config.fail == "disk":
            raise StoreError("cannot write the store: No space left on device.")
        if self.config.fail == "exit":
            print("a word for nobody")  # noqa: T201
            sys.exit(0)
        if self.config.fail == "wordless":
            raise Wordless
        if self.config.fail == "death":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.config.fail.startswith("once:") and not (mark := Path(self.config.fail[5:])).exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        self.mean = view.images.features.mean(axis=0)

    def embed(self, images):
        """The first features, centred."""
        return (images.features - self.mean)[:, : self.context.bits]

    def quantize(self, embeddings):
        """Their signs; too few of them where a test asks for it."""
        return BinaryCodes.from_signs(embeddings[:, :8] if self.config.fail == "budget" else embeddings)

    def state(self):
        """The mean."""
        return {"mean": self.mean}

    def load_state(self, state):
        """Take it back."""
        self.mean = state["mean"]


class Peeker(Signs):
    """Declares tags and asks for labels."""

    PLUGIN_NAME = "peeker"
    SUPERVISION = Supervision.TAGS

    def fit(self, view):
        """Ask for what was not declared."""
        super().fit(view)
        self.labels = view.labels


class Crowd(Signs):
    """Signs of how near an image is to each concept of the web set, over and over."""

    PLUGIN_NAME = "crowd"
    SUPERVISION = Supervision.WEB

    def fit(self, view):
        """Keep the mean of each concept's web images."""
        super().fit(view)
        features, concepts = view.web.images.features, view.web.concepts
        means = [features[concepts == concept].mean(axis=0) for concept in range(len(view.web.names))]
        self.concepts = np.stack(means) - self.mean

    def embed(self, images):
        """The nearness to the concepts, as often as there are bits."""
        nearness = (images.features - self.mean) @ self.concepts.T
        return np.tile(nearness, self.context.bits)[:, : self.context.bits]

    def state(self):
        """Both kinds of mean."""
        return {"mean": self.mean, "concepts": self.concepts}

    def load_state(self, state):
        """Take them back."""
        self.mean, self.concepts = state["mean"], state["concepts"]


class WebPeeker(Crowd):
    """Declares a web set and asks for labels."""

    PLUGIN_NAME = "web_peeker"

    def fit(self, view):
        """Ask for what was not declared."""
        super().fit(view)
        self.labels = view.labels


@hookimpl
def hashbench_run_finished(record):
    """Say where it lies and who says so, where a test asks for that."""
    if told := os.environ.get("STRANGER_TOLD"):
        with Path(told).open("a") as file:
            file.write(f"{os.getpid()} {record.folder}\n")


@hookimpl
def hashbench_datasets():
    """Bring the shapes."""
    return [Shapes]


@hookimpl
def hashbench_backbones():
    """Bring the pooling."""
    return [Pooled]


@hookimpl
def hashbench_backbone_families():
    """Bring the poolings."""
    return [Grids]


@hookimpl
def hashbench_methods():
    """Bring the methods."""
    return [Signs, Peeker, Crowd, WebPeeker]
