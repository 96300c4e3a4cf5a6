"""How long training and encoding take, method by method, on 25,000 x 1,280 features.

    OMP_NUM_THREADS=2 uv run python benchmarks/training.py [METHOD ...]

Features, 50 labels and 500 tags are made from a fixed seed, the features with the falling spectrum that
networks' have. Each method has its default settings and 32 bits, or the size that its codes have. Fails if
a method that no network trains takes more than a minute, but for those that are known to.
N = images, F = dimensions, T = tags, C = labels.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from threadpoolctl import threadpool_info

from hashbench.data.views import ImageView, TrainView, WebView
from hashbench.methods.method import Context, Method
from hashbench.runs.measure import peak_memory, timed
from hashbench.tags.table import TagTable
from hashbench.training.deep import DeepMethod
from hashbench_baselines.catalog import METHODS
from scale import draw_tags, frequent_words

IMAGES, WIDTH, TAGS, LABELS = 25_000, 1_280, 500, 50
RANK = 200
BITS = 32
MOST_SECONDS = 60
# Local search looks at every codeword for every image, again and again.
SLOW = {"lsq"}


def make(images: int, width: int) -> tuple[np.ndarray, np.ndarray, TagTable]:
    """Features float32 (N, F), labels bool (N, C) and tags."""
    rng = np.random.default_rng(0)
    labels = rng.random((images, LABELS)) < 2 / LABELS
    labels[np.arange(images), rng.integers(LABELS, size=images)] = True
    hidden = rng.standard_normal((images, RANK), dtype=np.float32) / np.sqrt(np.arange(1, RANK + 1))
    hidden[:, :LABELS] += labels
    mixing = rng.standard_normal((RANK, width), dtype=np.float32)
    noise = rng.standard_normal((images, width), dtype=np.float32)
    features = np.maximum(hidden.astype(np.float32) @ mixing + noise, 0)
    features.flags.writeable = False
    words = tuple(sorted(frequent_words(TAGS)))
    return features, labels, TagTable(words, draw_tags(rng, labels, TAGS))


def measure(cls: type[Method], view: TrainView[TagTable]) -> tuple[float, float, float]:
    """Seconds to train, MiB held meanwhile beyond the input, and seconds to encode all images."""
    preset = next(iter(cls.PRESETS.values()))
    budget = cls(cls.Config(**preset.config), Context(BITS)).bits_for(WIDTH)
    method = cls(cls.Config(**preset.config), Context(budget))
    method.prepare()
    held, (training, _) = peak_memory(lambda: timed(lambda: method.fit(view)), "cpu")
    encoding, _ = timed(lambda: method.encode(view.images))
    return training, held / 2**20, encoding


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("methods", nargs="*", help="names; all baselines if there are none")
    wanted = parser.parse_args().methods
    features, labels, tags = make(IMAGES, WIDTH)
    images = ImageView(features=features)
    web = WebView(images, np.zeros(len(features), dtype=np.int64), ("none",))
    late = []
    print(f"{'method':<16}{'train s':>10}{'train MiB':>12}{'encode s':>10}", flush=True)
    for cls in METHODS:
        if wanted and cls.PLUGIN_NAME not in wanted:
            continue
        view = TrainView(
            images,
            cls.SUPERVISION,
            load_tags=lambda: tags,
            load_web=lambda: web,
            load_labels=lambda: labels,
        )
        training, held, encoding = measure(cls, view)
        print(f"{cls.PLUGIN_NAME:<16}{training:>10.1f}{held:>12,.0f}{encoding:>10.1f}", flush=True)
        shallow = not issubclass(cls, DeepMethod) and cls.PLUGIN_NAME not in SLOW
        if shallow and training > MOST_SECONDS:
            late.append(cls.PLUGIN_NAME)
    pools = {pool["user_api"]: pool["num_threads"] for pool in threadpool_info()}
    print(f"threads: {pools}")
    if late:
        sys.exit(f"More than {MOST_SECONDS} s to train: {', '.join(late)}.")


if __name__ == "__main__":
    main()
