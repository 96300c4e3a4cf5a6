"""Frozen features of a whole collection, computed once and kept.

N = images, B = batch, S = side in pixels, F = feature dimensions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import ImageCollection
from hashbench.data.images import DECODER_VERSION, decode_all
from hashbench.data.lock import alone
from hashbench.errors import StoreError
from hashbench.features.backbone import Backbone
from hashbench.files import whole_file, whole_folder
from hashbench.progress import Progress

# Part of every feature key: raise it when the same pixels and weights give other features.
EXTRACTOR_VERSION = 1
_SHARD = 256
# Images that go through the network at once.
BATCH = 64


def frozen_features(
    images: ImageCollection, backbone: Backbone, device: str, cache: Path, progress: Progress
) -> tuple[np.ndarray, dict[int, str]]:
    """Features of every image, from the cache where they are there.

    An interrupted extraction leaves its finished shards behind and goes on from them.

    Args:
        images: The collection, in its own order.
        backbone: The pretrained network.
        device: Where to compute, as torch names it; results are kept apart by its type.
        cache: Root folder of the cache.
        progress: Where to report.

    Returns:
        float32 (N, F), memory-mapped, read-only; and the reason for each image that cannot be decoded,
        by its place in the collection: its features are NaN.

    Raises:
        DataError: An image's file cannot be read.
        StoreError: The cache cannot be written.
        WeightsError: The backbone's weights cannot be used.
    """
    key = {
        "content": fingerprint.of_strings(images.hashes),
        "backbone": backbone.identity(),
        "device": device.split(":", maxsplit=1)[0],
        "decoder": DECODER_VERSION,
        "extractor": EXTRACTOR_VERSION,
    }
    folder = cache / "features" / fingerprint.of_json(key)[:32]
    if not folder.is_dir():
        with alone(folder, f"features of {images.name}", progress):
            if not folder.is_dir():
                _extract(images, backbone, device, folder, progress, key=key)
    reasons = json.loads((folder / "damaged.json").read_text())
    features = np.load(folder / "features.npy", mmap_mode="r")
    return features, {int(index): reason for index, reason in reasons.items()}


def _extract(
    images: ImageCollection,
    backbone: Backbone,
    device: str,
    folder: Path,
    progress: Progress,
    *,
    key: dict[str, Any],
) -> None:
    """Fill the folder of features, by way of shards."""
    shards = folder.with_suffix(".shards")
    try:
        paths = _extract_shards(images, backbone, device, shards, progress)
        with whole_folder(folder) as partial:
            damaged = _join(paths, len(images), partial / "features.npy")
            (partial / "damaged.json").write_text(json.dumps(damaged, indent=2))
            (partial / "key.json").write_text(json.dumps(key, indent=2))
    except (OSError, StoreError):
        # Where files cannot be locked, another process was faster, and has cleared the shards away.
        if not folder.is_dir():
            raise
    shutil.rmtree(shards, ignore_errors=True)


def _extract_shards(
    images: ImageCollection, backbone: Backbone, device: str, folder: Path, progress: Progress
) -> list[Path]:
    """Write one file for every `_SHARD` images that has none yet; return all of them in order."""
    starts = range(0, len(images), _SHARD)
    parts = {folder / f"{start:09d}.npz": range(len(images))[start : start + _SHARD] for start in starts}
    missing = {path: part for path, part in parts.items() if not path.is_file()}
    if missing:
        compute = feature_function(backbone, device)
        decoded = decode_all(images, chain.from_iterable(missing.values()), backbone.SIDE)
        title = f"features of {images.name} by {backbone.PLUGIN_NAME}"
        with progress.task(title, len(images)) as advance:
            advance(len(images) - sum(map(len, missing.values())))
            for path, part in missing.items():
                _write_shard(path, islice(decoded, len(part)), compute, backbone.SIDE)
                advance(len(part))
    return list(parts)


def _write_shard(
    path: Path,
    decoded: Iterator[tuple[int, np.ndarray | str]],
    compute: Callable[[np.ndarray], np.ndarray],
    side: int,
) -> None:
    """Features of some images; those that cannot be decoded go through the network as black ones."""
    black = np.zeros((side, side, 3), dtype=np.uint8)
    features = []
    damaged: dict[int, str] = {}
    while batch := list(islice(decoded, BATCH)):
        shown = [black if isinstance(pixels, str) else pixels for _, pixels in batch]
        features.append(compute(np.stack(shown)))
        features[-1][[pixels is black for pixels in shown]] = np.nan
        damaged |= {index: pixels for index, pixels in batch if isinstance(pixels, str)}
    with whole_file(path) as partial, partial.open("wb") as stream:
        np.savez(
            stream,
            features=np.concatenate(features),
            places=np.array([*damaged], dtype=np.int64),
            reasons=np.array([*damaged.values()], dtype=np.str_),
        )


def _join(shards: Iterable[Path], count: int, path: Path) -> dict[int, str]:
    """Write the features of all shards as one array, a shard at a time; return what was damaged."""
    damaged: dict[int, str] = {}
    with path.open("wb") as stream:
        for shard in shards:
            with np.load(shard) as part:
                features = np.ascontiguousarray(part["features"], dtype="<f4")
                if not stream.tell():
                    header = np.lib.format.header_data_from_array_1_0(features)
                    header["shape"] = (count, features.shape[1])
                    np.lib.format.write_array_header_1_0(stream, header)
                stream.write(features.data)
                damaged |= zip(part["places"].tolist(), part["reasons"].tolist(), strict=True)
    return damaged


def feature_function(backbone: Backbone, device: str) -> Callable[[np.ndarray], np.ndarray]:
    """The frozen backbone as a function from uint8 (B, S, S, 3) to float32 (B, F)."""
    import torch  # noqa: PLC0415 - not needed where the features are cached

    from hashbench.features.network import FromImages  # noqa: PLC0415

    network = FromImages(backbone.network(), backbone.CROP).eval().to(device)
    network.to(memory_format=torch.channels_last)

    def features(batch: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(network(torch.from_numpy(batch).to(device)).cpu().numpy())

    return features
