"""Decoding: every kind of file has the pixels it was made with, and every damaged one a reason."""

import io
import struct
import subprocess
import sys
import threading
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from hashbench.data import images as module
from hashbench.data.collection import ImageCollection
from hashbench.data.images import decode, decode_all, decode_one, thumbnail, undecodable
from hashbench.errors import DataError
from hashbench.progress import SilentProgress


def encoded(image, kind="png", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def collection(files):
    names = tuple(f"i{n}" for n in range(len(files)))
    return ImageCollection("c", names, names, ((),) * len(files), lambda index: files[index])


def grey(files, side=2):
    """The red channel of a decoded file, which must be grey."""
    pixels = decode(files, side)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0].tolist()


def png(width, height, depth, kind, rows, *chunks):
    """A PNG written byte by byte, with chunks before its pixels."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))


def plain(image, side):
    """What `decode` is for an opaque file of 8 bits, as Pillow writes it down in the plainest way."""
    with Image.open(io.BytesIO(image)) as opened:
        opened.draft("RGB", (side, side))
        return np.asarray(opened.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp", "tiff", "ppm", "jpeg2000"])
@pytest.mark.parametrize("side", [7, 20, 96])
def test_opaque_files_are_squeezed_as_they_always_were(kind, side):
    file = encoded(NOISE, kind)
    assert np.array_equal(decode(file, side), plain(file, side))


def test_transparency_lies_on_white_as_pillow_composes():
    value, alpha = np.meshgrid(np.arange(256), np.arange(256))
    picture = Image.fromarray(np.stack([value, value, 255 - value, alpha], axis=-1).astype(np.uint8))
    white = Image.new("RGBA", picture.size, "white")
    expected = np.asarray(Image.alpha_composite(white, picture).convert("RGB"))
    assert np.array_equal(decode(encoded(picture), 256), expected)


def test_transparent_grey_lies_on_white():
    picture = np.array([[[0, 255], [0, 0]], [[100, 255], [100, 51]]], dtype=np.uint8)
    assert grey(encoded(Image.fromarray(picture, "LA"))) == [[0, 255], [100, 224]]


@pytest.mark.parametrize(
    ("transparency", "expected"),
    [(None, [[10, 200]] * 2), (0, [[255, 200]] * 2), (b"\xff\x00", [[10, 255]] * 2)],
)
def test_palettes_with_and_without_transparency(transparency, expected):
    image = Image.fromarray(np.array([[0, 1]] * 2, dtype=np.uint8), "P")
    image.putpalette([10, 10, 10, 200, 200, 200])
    options = {} if transparency is None else {"transparency": transparency}
    assert grey(encoded(image, **options)) == expected


@pytest.mark.parametrize(
    ("depth", "rows", "clear", "expected"),
    [
        (1, [b"\x40", b"\x80"], 1, [[0, 255], [255, 0]]),
        (1, [b"\x40", b"\x80"], 0, [[255, 255], [255, 255]]),
        (2, [b"\x10", b"\xb0"], 1, [[0, 255], [170, 255]]),
        (4, [b"\x05", b"\xf3"], 5, [[0, 255], [255, 51]]),
        (8, [b"\x05\x06", b"\x07\x05"], 5, [[255, 6], [7, 255]]),
        (16, [b"\x10\x00\x20\x20", b"\x20\x21\x40\0"], 0x2020, [[16, 255], [32, 64]]),
    ],
)
def test_the_one_transparent_grey_of_a_png(depth, rows, clear, expected):
    assert grey(png(2, 2, depth, 0, rows, (b"tRNS", struct.pack(">H", clear)))) == expected


@pytest.mark.parametrize("bits", [8, 16])
def test_the_one_transparent_colour_of_a_png(bits):
    wide = [bytes([value]) * (bits // 8 * 3) for value in (16, 32, 48, 64)]
    clear = struct.pack(">H", 32 if bits == 8 else 32 * 257) * 3
    rows = [wide[0] + wide[1], wide[2] + wide[3]]
    assert grey(png(2, 2, bits, 2, rows, (b"tRNS", clear))) == [[16, 255], [48, 64]]


@pytest.mark.parametrize("kind", ["png", "tiff", "ppm"])
def test_of_sixteen_bits_the_upper_eight_are_taken(kind):
    picture = np.array([[0, 255], [0x8000, 0xFFFF]], dtype=np.uint16)
    assert grey(encoded(Image.fromarray(picture), kind)) == [[0, 0], [128, 255]]


def test_big_endian_sixteen_bits():
    picture = Image.fromarray(np.array([[0, 0x0180], [0x80FF, 0xFFFF]], dtype=">u2"))
    assert picture.mode == "I;16B"
    assert grey(encoded(picture, "tiff")) == [[0, 1], [128, 255]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 0x1FF], [0x8000, 0xFFFF]], np.int32), [[0, 1], [128, 255]]),
        (np.array([[-100, 20], [50, 100]], np.int32), [[0, 153], [191, 255]]),
        (np.array([[0, 1 << 20], [1 << 19, 1 << 20]], np.int32), [[0, 255], [128, 255]]),
        (np.array([[0, 0.5], [0.25, 0.8]], np.float32), [[0, 128], [64, 204]]),
        (np.array([[0, 51], [np.nan, 255]], np.float32), [[0, 51], [0, 255]]),
        (np.array([[0, np.inf], [-1, 1]], np.float32), [[128, 128], [0, 255]]),
    ],
)
def test_numbers_without_an_agreed_white_are_stretched(values, expected):
    assert grey(encoded(Image.fromarray(values), "tiff")) == expected


def test_black_and_white():
    bits = Image.fromarray(np.array([[False, True], [True, False]]))
    for kind in ("png", "tiff", "bmp", "gif"):
        assert grey(encoded(bits, kind)) == [[0, 255], [255, 0]]


def cmyk(adobe, ycck=False):
    """A JPEG of four inks, one colour all over, (0, 0, 0, 102); Adobe's inverted form and the marker."""
    content = encoded(Image.new("CMYK", (16, 16), (0, 0, 0, 102)), "jpeg", quality=100, subsampling=0)
    marker = content.index(b"Adobe")
    assert content[marker + 11] == 0, "Pillow writes plain CMYK"
    if ycck:
        return content[: marker + 11] + b"\2" + content[marker + 12 :]
    return content if adobe else content[: marker - 4] + content[marker + 12 :]


@pytest.mark.parametrize("adobe", [True, False])
def test_four_inks_become_rgb(adobe):
    assert (abs(decode(cmyk(adobe), 16).astype(int) - 153) <= 2).all()


def test_four_inks_as_luma_and_chroma():
    # The planes hold 255, 255, 255 and 153. The first three are Y, Cb and Cr of a picture whose levels
    # are the inks, and the last is what black leaves of the light: Adobe's form.
    y, cb, cr, light = 255, 127, 127, 153
    inks = np.clip([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], 0, 255)
    expected = (255 - inks) * light / 255
    assert (abs(decode(cmyk(adobe=True, ycck=True), 16) - expected) <= 2).all()


def test_four_inks_of_a_tiff_are_not_inverted():
    pixels = decode(encoded(Image.new("CMYK", (4, 4), (255, 0, 0, 0)), "tiff"), 4)
    assert (pixels == [0, 255, 255]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "tiff"])
def test_every_orientation_is_followed(kind, orientation):
    quarters = np.repeat(np.repeat(np.array([[0, 80], [160, 240]], dtype=np.uint8), 8, axis=0), 8, axis=1)
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"webp": {"lossless": True}, "jpeg": {"quality": 100}}.get(kind, {})
    file = encoded(Image.fromarray(quarters).convert("RGB"), kind, exif=exif, **lossless)
    # By the standard: where the first row and the first column of what is stored belong.
    turned = {
        1: [[0, 80], [160, 240]],
        2: [[80, 0], [240, 160]],
        3: [[240, 160], [80, 0]],
        4: [[160, 240], [0, 80]],
        5: [[0, 160], [80, 240]],
        6: [[160, 0], [240, 80]],
        7: [[240, 80], [160, 0]],
        8: [[80, 240], [0, 160]],
    }[orientation]
    assert (abs(decode(file, 16)[4::8, 4::8, 0].astype(int) - turned) <= 2).all()


def test_turning_comes_before_squeezing_as_it_always_did():
    exif = Image.Exif()
    exif[0x0112] = 6
    file = encoded(NOISE, "jpeg", exif=exif)
    with Image.open(io.BytesIO(file)) as opened:
        opened.draft("RGB", (20, 20))
        upright = ImageOps.exif_transpose(opened)
        expected = np.asarray(upright.resize((20, 20), Image.Resampling.BICUBIC))
    assert np.array_equal(decode(file, 20), expected)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_an_unreadable_exif_block_turns_nothing():
    file = encoded(NOISE, "jpeg", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40)
    assert np.array_equal(decode(file, 20), plain(encoded(NOISE, "jpeg"), 20))


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "tiff", "mpo"])
def test_of_several_pictures_the_first_is_taken(kind):
    frames = [Image.new("RGB", (16, 16), (level,) * 3) for level in (50, 200, 100)]
    options = {"lossless": True} if kind == "webp" else {}
    file = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    with Image.open(io.BytesIO(file)) as opened:
        assert opened.n_frames == 3
    assert (decode(file, 8) == 50).all()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp", "tiff", "ppm", "jpeg2000"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_half_a_file_is_no_picture(kind, share):
    file = encoded(NOISE, kind)
    with pytest.raises(DataError):
        decode(file[: int(len(file) * share)], 8)


def test_half_a_progressive_file_is_no_picture():
    file = encoded(NOISE, "jpeg", progressive=True)
    with pytest.raises(DataError, match="truncated"):
        decode(file[: len(file) * 3 // 4], 8)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "an empty file"),
        (b"not an image", "no image of a known kind"),
        (png(0, 2, 8, 2, [b"", b""]), "no image of a known kind"),
        (b"GIF89a" + bytes(7) + b";", "no image of a known kind"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n%%EOF", "of the kind EPS"),
        (png(30_000, 20_767, 8, 0, []), "^623,010,000 pixels, more than the 67,108,864 that are decoded$"),
        (png(2**31 - 1, 2**31 - 1, 8, 0, []), "pixels, more than the"),
    ],
)
def test_what_is_no_picture_has_a_reason_in_words(file, reason):
    with pytest.raises(DataError, match=reason):
        decode(file, 8)


def solid(*size):
    return Image.new("RGB", size, (10, 20, 30))


def test_a_large_jpeg_is_counted_after_it_was_scaled_down(monkeypatch):
    monkeypatch.setattr(module, "_MOST_PIXELS", 50_000)
    monkeypatch.setattr(module, "_LARGE", 10_000)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert (abs(decode(encoded(solid(1200, 1000), "jpeg"), 64).astype(int) - [10, 20, 30]) <= 2).all()
    assert Image.MAX_IMAGE_PIXELS == 10, "Pillow's limit is as it was"
    with pytest.raises(DataError, match="^1,200,000 pixels, more than the 50,000"):
        decode(encoded(solid(1200, 1000), "jpeg", progressive=True), 64)
    assert decode(encoded(solid(200, 200), "jpeg", progressive=True), 64).shape == (64, 64, 3)


def test_an_image_of_the_image_in_its_exif_is_no_second_pass(monkeypatch):
    monkeypatch.setattr(module, "_MOST_PIXELS", 50_000)
    monkeypatch.setattr(module, "_LARGE", 10_000)
    thumbnail = encoded(solid(16, 16), "jpeg")
    file = encoded(solid(1200, 1000), "jpeg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + thumbnail)
    assert decode(file, 64).shape == (64, 64, 3)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp", "tiff", "jpeg2000"])
@settings(max_examples=30)
@given(places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_file_with_wrong_bytes_is_a_picture_or_has_a_reason(kind, places):
    file = bytearray(encoded(NOISE.resize((24, 24)), kind))
    for place, byte in places:
        file[int(place * len(file))] = byte
    try:
        assert decode(bytes(file), 8).shape == (8, 8, 3)
    except DataError as error:
        assert str(error).strip() and "\n" not in str(error)


def test_damage_names_the_image():
    with pytest.raises(DataError, match=r"c: image 'i1' cannot be decoded \(an empty file\)\. Expected"):
        decode_one(collection([b"?", b""]), 1, 8)


def test_a_file_that_cannot_be_read_is_not_called_damaged(tmp_path):
    names = ("a", "b")
    images = ImageCollection("c", names, names, ((), ()), lambda index: (tmp_path / "gone").read_bytes())
    with pytest.raises(DataError, match=r"c: image 'a' cannot be read \(No such file or directory\)\."):
        list(decode_all(images, [0, 1], 8))


def test_images_come_in_the_order_asked_for_with_reasons_between(monkeypatch):
    monkeypatch.setattr(module, "_AHEAD", 3)
    files = [encoded(Image.new("L", (4, 4), n)) for n in range(20)]
    files[7] = b"?"
    order = [19, 7, 0, 7, *range(20)]
    got = list(decode_all(collection(files), order, 2))
    assert [index for index, _ in got] == order
    for index, pixels in got:
        if index == 7:
            assert pixels == "no image of a known kind"
        else:
            assert (pixels == index).all()


def test_a_bounded_number_is_decoded_ahead(monkeypatch):
    monkeypatch.setattr(module, "_AHEAD", 5)
    file, read, settled = encoded(solid(4, 4)), [], threading.Event()

    def reading(index):
        read.append(index)
        return file

    names = tuple(f"i{n}" for n in range(100))
    decoding = decode_all(ImageCollection("c", names, names, ((),) * 100, reading), range(100), 2)
    next(decoding)
    settled.wait(0.1)
    assert len(read) <= 6
    decoding.close()
    assert len(read) <= 6


def test_what_cannot_be_decoded_is_listed():
    files = [encoded(solid(4, 4)), b"?", encoded(solid(4, 4)), b""]
    assert undecodable(collection(files), SilentProgress()) == {
        1: "no image of a known kind",
        3: "an empty file",
    }


MEMORY = """
import io, resource, sys
from PIL import Image
from hashbench.data.collection import ImageCollection
from hashbench.data.images import decode_all
buffer = io.BytesIO()
Image.new("LA", (5000, 4000), (7, 255)).save(buffer, "png", compress_level=1)
names = tuple(map(str, range(4)))
images = ImageCollection("c", names, names, ((),) * 4, lambda index: buffer.getvalue())
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert all((pixels == 7).all() for _, pixels in decode_all(images, range(4), 8))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1024)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no resource module")
def test_large_images_are_decoded_one_at_a_time(monkeypatch):
    # One such image takes 80 MB three times: as it is read, with transparency, and laid on white. What
    # the test itself takes to make the file is not counted.
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 260
    assert done.stderr == "", "Pillow says nothing of it"


def test_a_thumbnail_keeps_the_shape_and_stands_upright():
    wide = Image.new("RGB", (400, 100), "red")
    wide.paste("blue", (0, 0, 200, 100))
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(wide, "jpeg", exif=exif, comment=b"where this was taken")
    for file, size in ((encoded(wide), (160, 40)), (turned, (40, 160))):
        made = thumbnail(file, 160)
        with Image.open(io.BytesIO(made)) as small:
            assert (small.format, small.size) == ("JPEG", size)
            assert (
                small.getpixel((5, 5))[2] > 200
                and small.getpixel((small.width - 5, small.height - 5))[0] > 200
            )
            assert not small.getexif() and "comment" not in small.info


def test_a_thumbnail_makes_nothing_larger_and_lays_transparency_on_white():
    with Image.open(io.BytesIO(thumbnail(encoded(Image.new("RGBA", (9, 5))), 160))) as small:
        assert (small.size, small.mode) == ((9, 5), "RGB")
        assert min(small.getpixel((4, 2))) > 250


def test_a_thumbnail_of_no_picture_has_a_reason():
    for file, why in ((b"", "an empty file"), (b"words", "no image of a known kind")):
        with pytest.raises(DataError, match=why):
            thumbnail(file, 160)
