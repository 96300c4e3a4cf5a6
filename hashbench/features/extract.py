"""Frozen features of a whole collection, computed once and kept.

N = images, F = feature dimensions.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hashbench import fingerprint
from hashbench.data.collection import ImageCollection
from hashbench.data.images import DECODER_VERSION, decoded_batches
from hashbench.features.backbone import Backbone
from hashbench.files import whole_file, whole_folder
from hashbench.progress import Progress

# Part of every feature key: raise it when the same pixels and weights give other features.
EXTRACTOR_VERSION = 1
_SHARD = 256


def frozen_features(
    images: ImageCollection, backbone: Backbone, device: str, cache: Path, progress: Progress
) -> np.ndarray:
    """Features of every image, from the cache where they are there.

    An interrupted extraction leaves its finished shards behind and goes on from them.

    Args:
        images: The collection, in its own order.
        backbone: The pretrained network.
        device: Where to compute, as torch names it; results are kept apart by its type.
        cache: Root folder of the cache.
        progress: Where to report.

    Returns:
        float32 (N, F), memory-mapped, read-only.
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
        shards = _extract_shards(images, backbone, device, folder.with_suffix(".shards"), progress)
        with whole_folder(folder) as partial:
            np.save(partial / "features.npy", np.concatenate([np.load(path) for path in shards]))
            (partial / "key.json").write_text(json.dumps(key, indent=2))
        shutil.rmtree(folder.with_suffix(".shards"), ignore_errors=True)
    return np.load(folder / "features.npy", mmap_mode="r")


def _extract_shards(
    images: ImageCollection, backbone: Backbone, device: str, folder: Path, progress: Progress
) -> list[Path]:
    """Write one file for every `_SHARD` images that has none yet; return all of them in order."""
    starts = range(0, len(images), _SHARD)
    paths = [folder / f"{start:09d}.npy" for start in starts]
    title = f"features of {images.name} by {backbone.PLUGIN_NAME}"
    features_of = None
    with progress.task(title, len(images)) as advance:
        for start, path in zip(starts, paths, strict=True):
            indices = np.arange(start, min(start + _SHARD, len(images)))
            if not path.is_file():
                features_of = features_of or _feature_function(backbone, device)
                batches = decoded_batches(images, indices, backbone.SIDE)
                features = np.concatenate([features_of(batch) for batch in batches])
                with whole_file(path) as partial, partial.open("wb") as stream:
                    np.save(stream, features)
            advance(len(indices))
    return paths


def _feature_function(backbone: Backbone, device: str) -> Callable[[np.ndarray], np.ndarray]:
    """The frozen backbone as a function from uint8 (B, S, S, 3) to float32 (B, F)."""
    import torch  # noqa: PLC0415 - not needed where the features are cached

    from hashbench.features.network import centre_crop  # noqa: PLC0415

    network = backbone.network().eval().to(device).to(memory_format=torch.channels_last)

    def features(batch: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            pixels = torch.from_numpy(batch).to(device).permute(0, 3, 1, 2)
            return np.asarray(network(centre_crop(pixels, backbone.CROP)).float().cpu().numpy())

    return features
