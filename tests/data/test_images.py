"""Decoding: transparency, orientation, damage; and the pixel cache."""

import io

import numpy as np
import pytest
from PIL import Image

from hashbench.data.collection import ImageCollection
from hashbench.data.images import cached_pixels, decode, decode_one
from hashbench.errors import DataError
from hashbench.progress import SilentProgress


def encoded(image, kind="png", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def collection(files):
    names = tuple(f"i{n}" for n in range(len(files)))
    return ImageCollection("c", names, names, ((),) * len(files), lambda index: files[index])


def test_transparency_lies_on_white():
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert (decode(encoded(clear), 4) == 255).all()
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert (abs(decode(encoded(half), 4).astype(int) - 127) <= 1).all()


def test_palette_transparency_lies_on_white():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    assert (decode(encoded(image, transparency=0), 4) == 255).all()


def test_exif_orientation_is_followed():
    image = Image.new("RGB", (8, 8), "white")
    image.paste("black", (0, 0, 8, 4))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter, clockwise
    turned = decode(encoded(image, exif=exif), 8)
    assert (turned[:, 4:] == 0).all() and (turned[:, :4] == 255).all()


@pytest.mark.parametrize("mode", ["L", "1", "CMYK", "RGB"])
def test_every_mode_becomes_rgb(mode):
    kind = "jpeg" if mode == "CMYK" else "png"
    assert decode(encoded(Image.new(mode, (30, 20)), kind), 16).shape == (16, 16, 3)


@pytest.mark.parametrize("damage", [b"", b"not an image", encoded(Image.new("RGB", (64, 64), "red"))[:80]])
def test_damage_names_the_image(damage):
    with pytest.raises(DataError, match="c: image 'i1' cannot be decoded"):
        decode_one(collection([b"", damage]), 1, 8)


def test_a_picture_too_large_to_be_true_is_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataError, match="cannot be decoded"):
        decode_one(collection([encoded(Image.new("RGB", (64, 64)))]), 0, 8)


def test_pixels_are_cached_in_the_order_asked_for(tmp_path):
    files = [encoded(Image.new("RGB", (8, 8), (n, n, n))) for n in range(100)]
    images = collection(files)
    order = np.array([70, 3, 99])
    pixels = cached_pixels(images, order, 4, tmp_path, SilentProgress())
    assert pixels[:, 0, 0, 0].tolist() == [70, 3, 99]
    files[3] = b"no longer there"
    again = cached_pixels(images, order, 4, tmp_path, SilentProgress())
    assert np.array_equal(pixels, again)
    with pytest.raises(ValueError, match="read-only"):
        again[0] = 0


def test_a_failed_decode_leaves_no_cache(tmp_path):
    with pytest.raises(DataError):
        cached_pixels(collection([b"bad"]), np.array([0]), 4, tmp_path, SilentProgress())
    assert not list((tmp_path / "pixels").iterdir())
