"""A real subset of pictures, with web images, for the tests of every distribution; frozen features."""

import os
from dataclasses import dataclass

import hypothesis
import numpy as np
import pytest

from hashbench.cli.app import main
from hashbench.data.collection import ImageCollection
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView, WebView
from hashbench.features.extract import frozen_features
from hashbench.plugins import Plugins, pick
from hashbench.progress import SilentProgress
from hashbench.tags.protocol import PlainTags
from hashbench.tags.table import TagTable

# As the command line does: see hashbench/cli/app.py.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# A busy machine is no failing test.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


@dataclass(frozen=True)
class Pictures:
    """Some pictures of the default data set: the first `queries` are queries, the rest database."""

    features: np.ndarray
    labels: np.ndarray
    tags: TagTable
    web: WebView
    queries: int

    def query(self):
        """What `embed` gets for the queries."""
        return ImageView(features=self.features[: self.queries])

    def database(self):
        """What `embed` gets for the database."""
        return ImageView(features=self.features[self.queries :])

    def train(self, supervision=Supervision.NONE):
        """What `fit` gets."""
        return TrainView(
            self.database(),
            supervision,
            load_tags=lambda: self.tags,
            load_web=lambda: self.web,
            load_labels=lambda: self.labels[self.queries :],
        )


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """400 real pictures, 64 of them queries, under the default backbone."""
    plugins, queries = Plugins(), 64
    dataset = pick("data set", None, plugins.datasets)()
    whole, split = dataset.images(), dataset.splits()["test"]()
    chosen = np.concatenate([split.query[:queries], split.database[:336]])
    backbone = pick("backbone", None, plugins.backbones)()
    cache = tmp_path_factory.mktemp("features")

    def features(images):
        computed = np.array(frozen_features(images, backbone, "cpu", cache, SilentProgress())[0])
        computed.flags.writeable = False
        return computed

    web = next(iter(dataset.web_sets().values()))()
    found = np.flatnonzero(np.arange(len(web.images)) % 10 == 0)
    view = WebView(
        ImageView(features=features(part_of(web.images, found))), web.found_by[found], web.concepts
    )
    images = part_of(whole, chosen)
    tags = PlainTags().table(images.tags[queries:], dataset.label_names())
    return Pictures(features(images), dataset.ground_truth().labels[chosen], tags, view, queries)


def part_of(whole, chosen):
    """Some images of a collection."""
    return ImageCollection(
        name=whole.name,
        ids=tuple(whole.ids[i] for i in chosen),
        hashes=tuple(whole.hashes[i] for i in chosen),
        tags=tuple(whole.tags[i] for i in chosen),
        read=lambda index: whole.read(int(chosen[index])),
    )


@pytest.fixture
def cli(capsys):
    """Call the command line; returns exit status, standard output and standard error."""

    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return stop.value.code, captured.out, captured.err

    return call


def pytest_collection_modifyitems(items):
    """Skip what needs a GPU where there is none."""
    import torch

    if not torch.cuda.is_available():
        for item in items:
            if "gpu" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="no CUDA device"))
