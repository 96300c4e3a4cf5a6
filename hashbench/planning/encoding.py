"""How fast images become codes here: decoding, the network, and the method, each by itself.

B = images in a batch, S = side in pixels, F = feature dimensions.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from hashbench.data.collection import Collection, FeatureCollection, ImageCollection
from hashbench.data.images import decode_all
from hashbench.data.views import ImageView
from hashbench.features.backbone import Backbone
from hashbench.features.extract import BATCH, feature_function
from hashbench.methods.method import Method
from hashbench.planning.rate import Rate, measured
from hashbench.runs.trained import Trained
from hashbench.threads import cores

# As photo sites hand their pictures out.
PHOTO = (500, 375)
_QUALITY = 90
# Light and shade come in so many patches a side; on top lies a little noise.
_PATCHES, _NOISE = (40, 30), 6
# Features are quantized so many at a time.
_ROWS = 1024


@dataclass(frozen=True)
class Encoding:
    """Time an image.

    Attributes:
        decode: From an encoded file to pixels; None where features are given.
        network: From pixels to frozen features; None where the method has its own network, or features
            are given.
        method: From features or pixels to codes.
        photo_bytes: Size of the file that was decoded.
    """

    decode: Rate | None
    network: Rate | None
    method: Rate
    photo_bytes: int = 0

    def seconds(self, cores: int) -> float:
        """Seconds an image on a machine with so many cores.

        On a CPU every step works on all cores, so that the steps follow each other. A GPU has its images
        decoded meanwhile: the slower of the two counts.

        >>> decode, network, method = Rate(2.0, 2), Rate(3.0, 2), Rate(1.0, 2)
        >>> Encoding(decode, network, method).seconds(4)
        3.0
        >>> Encoding(decode, Rate(3.0, 0), Rate(1.0, 0)).seconds(2)
        4.0
        """
        decode, network = (0.0 if rate is None else rate.on(cores) for rate in (self.decode, self.network))
        computed = network + self.method.on(cores)
        return decode + computed if self.method.threads else max(decode, computed)


def measure_encoding(trained: Trained, images: Collection, device: str) -> Encoding:
    """Measure every step that images go through.

    Args:
        trained: The fitted method.
        images: The data set; looked at where it holds features.
        device: Where the network and the method compute, as torch names it.
    """
    threads = 0 if device.startswith("cuda") else cores()
    method, backbone = trained.method, trained.backbone
    if backbone is None:
        assert isinstance(images, FeatureCollection)  # noqa: S101 - else the run had a backbone
        return Encoding(None, None, _method(method, ImageView(features=_rows(images.features)), threads))
    photo = made_photo()
    decode = _decode(photo, backbone.SIDE)
    pixels = np.random.default_rng(0).integers(
        0, 256, (BATCH, backbone.SIDE, backbone.SIDE, 3), dtype=np.uint8
    )
    if method.inputs == "pixels":
        return Encoding(decode, None, _method(method, ImageView(pixels=pixels), threads), len(photo))
    features, network = _network(backbone, pixels, device, threads)
    view = ImageView(features=_rows(features))
    return Encoding(decode, network, _method(method, view, threads), len(photo))


def made_photo() -> bytes:
    """A JPEG with light and shade and some noise, the same every time."""
    generator = np.random.default_rng(0)
    patches = generator.integers(0, 256, (*_PATCHES[::-1], 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(patches).resize(PHOTO, Image.Resampling.BICUBIC))
    noisy = smooth + generator.normal(0, _NOISE, smooth.shape)
    stream = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def _decode(photo: bytes, side: int) -> Rate:
    """Decoding on all cores, as features are extracted."""
    names = tuple(map(str, range(BATCH)))
    photos = ImageCollection("photos", names, names, ((),) * BATCH, read=lambda _: photo)
    return measured(lambda: list(decode_all(photos, range(BATCH), side)), BATCH, cores())


def _network(backbone: Backbone, pixels: np.ndarray, device: str, threads: int) -> tuple[np.ndarray, Rate]:
    """Features (B, F) of pixels, and how long they take."""
    compute = feature_function(backbone, device)
    rate = measured(lambda: compute(pixels), len(pixels), threads)
    return compute(pixels), rate


def _method(method: Method, view: ImageView, threads: int) -> Rate:
    return measured(lambda: method.encode(view), len(view), threads)


def _rows(features: np.ndarray) -> np.ndarray:
    """As many rows of features as are quantized at a time, some of them several times."""
    return np.asarray(features[np.arange(_ROWS) % len(features)])
