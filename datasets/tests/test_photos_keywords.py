"""Keywords are read from where photo programs write them, and nothing that is broken there stops a run."""

import contextlib
import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hashbench_datasets.photos import embedded, xmp
from hashbench_datasets.photos.embedded import from_images, keywords
from hashbench_datasets.photos.folder import look_through
from hashbench_datasets.photos.sidecars import from_sidecars

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
SPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:lr="http://ns.adobe.com/lightroom/1.0/" xmlns:digiKam="http://www.digikam.org/ns/1.0/"'
)


def listed(name, items, kind="Bag"):
    inside = "".join(f"<rdf:li>{item}</rdf:li>" for item in items)
    return f"<{name}><rdf:{kind}>{inside}</rdf:{kind}></{name}>"


def packet(properties, attributes="", before=""):
    """A packet as programs write it: marked, padded, in an envelope."""
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{before}'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {SPACES}>'
        f'<rdf:Description rdf:about="" {attributes}>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>'
        f'{" " * 200}\n<?xpacket end="w"?>'
    )


def subjects(*items):
    return packet(listed("dc:subject", items)).encode()


def iptc(*values, charset=None):
    """IIM records: 1:90 where there is a character set, then 2:25 for each keyword."""
    records = b"" if charset is None else struct.pack(">BBBH", 28, 1, 90, len(charset)) + charset
    return records + b"".join(struct.pack(">BBBH", 28, 2, 25, len(value)) + value for value in values)


def photoshop(records):
    """An APP13 segment of JPEG with the image resource 0x0404."""
    block = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(records)) + records + b"\0" * (len(records) % 2)
    return segment(0xED, b"Photoshop 3.0\0" + block)


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def picture(kind="jpeg", **options):
    buffer = io.BytesIO()
    Image.new("RGB", (16, 12), (10, 120, 200)).save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(*segments, **options):
    plain = picture(**options)
    return plain[:2] + b"".join(segments) + plain[2:]


def windows(text):
    exif = Image.Exif()
    exif[0x9C9E] = text.encode("utf-16-le") + b"\0\0"
    return exif


@pytest.fixture
def read(tmp_path):
    """The keywords of a file with some content, and whether it is damaged."""

    def of(content, name="a.jpg"):
        (tmp_path / name).write_bytes(content)
        return keywords(tmp_path / name)

    return of


@pytest.mark.parametrize("kind", ["Bag", "Seq", "Alt"])
def test_subjects_in_order_as_typed_and_once(kind):
    content = packet(
        listed("dc:subject", ["Sea", " sea ", "Golden Gate", "Sea", "R&amp;B", "S\u00e3o"], kind)
    )
    assert xmp.keywords(content.encode()) == ("Sea", "sea", "Golden Gate", "R&B", "São")


def test_an_attribute_and_an_element_without_a_list_count():
    assert xmp.keywords(packet("", 'dc:subject="Sea"').encode()) == ("Sea",)
    assert xmp.keywords(packet("<dc:subject>\n Sea </dc:subject>").encode()) == ("Sea",)
    assert xmp.keywords(packet(listed("dc:title", ["Title"])).encode()) == ()


def test_of_levels_the_last_one_counts():
    levels = listed("lr:hierarchicalSubject", ["Places|Italy|Rome", "Food"])
    more = listed("digiKam:TagsList", ["People/Anna", "Places/Italy/Rome"], "Seq")
    content = packet(listed("dc:subject", ["Rome"]) + levels + more)
    assert xmp.keywords(content.encode()) == ("Rome", "Food", "Anna")


def test_what_darktable_says_of_itself_is_left_out():
    content = packet(
        listed("dc:subject", ["darktable", "exported", "sea"])
        + listed("lr:hierarchicalSubject", ["darktable|exported", "Places|sea"])
    )
    assert xmp.keywords(content.encode()) == ("sea",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_and_padding(encoding):
    content = packet(listed("dc:subject", ["Zürich", "東京"])).removeprefix("\ufeff")
    assert xmp.keywords(content.encode(encoding) + "\0\0".encode(encoding)) == ("Zürich", "東京")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_every_encoding(encoding):
    content = packet(listed("dc:subject", ["&b;"]), before=BOMB)
    with pytest.raises(ValueError, match="document type"):
        xmp.keywords(content.encode(encoding))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"<a>",
        b"no XML",
        b"\x80abc",
        subjects("a")[:-300],
        b"x" * (xmp.MOST_BYTES + 1),
    ],
)
def test_damaged_xmp_is_a_value_error(content):
    with pytest.raises(ValueError):
        xmp.keywords(content)


def test_deep_xmp_builds_nothing():
    depth = 100_000
    assert xmp.keywords(b"<a>" * depth + b"</a>" * depth) == ()


@given(st.binary(max_size=200))
def test_no_bytes_make_xmp_raise_anything_else(content):
    with contextlib.suppress(ValueError):
        xmp.keywords(b"<" + content)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)))
def test_any_keyword_comes_back(items):
    from xml.sax.saxutils import escape

    expected = dict.fromkeys(item.strip() for item in items if item.strip())
    assert set(xmp.keywords(subjects(*map(escape, items)))) >= {
        item for item in expected if "\ufffe" not in item and "\uffff" not in item
    }


@pytest.mark.parametrize(
    ("kind", "name"),
    [("jpeg", "a.jpg"), ("png", "a.png"), ("webp", "a.webp"), ("tiff", "a.tif"), ("avif", "a.avif")],
)
def test_xmp_and_windows_properties_in_every_kind_of_file(read, kind, name):
    from PIL import PngImagePlugin

    options = {"xmp": subjects("Sea", "Sky")}
    if kind == "png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", subjects("Sea", "Sky").decode())
        options = {"pnginfo": info}
    if kind == "tiff":
        options = {"tiffinfo": {700: subjects("Sea", "Sky")}}
        assert read(picture(kind, **options), name) == (("Sea", "Sky"), False)
        options = {"tiffinfo": {700: subjects("Sea", "Sky"), 0x9C9E: "Sun;Été;Sea\0".encode("utf-16-le")}}
    else:
        options["exif"] = windows("Sun;Été;Sea")
    assert read(picture(kind, **options), name) == (("Sea", "Sky", "Sun", "Été"), False)


@pytest.mark.parametrize("kind", ["gif", "bmp", "jpeg", "png", "webp", "tiff"])
def test_a_picture_without_keywords_has_none(read, kind):
    assert read(picture(kind), f"a.{kind}") == ((), False)


def test_a_picture_of_two_frames(read):
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (16, 12), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "mpo", save_all=True, append_images=frames[1:])
    content = buffer.getvalue()
    content = content[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + subjects("Sea")) + content[2:]
    assert read(content, "a.mpo") == (("Sea",), False)


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        (b"\x1b%G", "utf-8"),
        (None, "utf-8"),
        (None, "cp1252"),
        (b"\x1b.A", "latin-1"),
        (b"\x1b%G", "cp1252"),
    ],
)
def test_iptc_in_the_encodings_that_programs_write(read, charset, encoding):
    records = iptc("Zürich".encode(encoding), b"sea", charset=charset)
    assert read(jpeg(photoshop(records))) == (("Zürich", "sea"), False)


def test_iptc_of_one_keyword_and_in_tiff(read):
    assert read(jpeg(photoshop(iptc(b"sea")))) == (("sea",), False)
    assert read(picture("tiff", tiffinfo={33723: iptc(b"sea", b"sky")}), "a.tif") == (("sea", "sky"), False)


def test_all_kinds_of_keywords_are_united(read):
    content = jpeg(photoshop(iptc(b"Sky", b"sky")), xmp=subjects("Sea", "Sky"), exif=windows("Sun;Sea"))
    assert read(content) == (("Sea", "Sky", "sky", "Sun"), False)


def test_xmp_that_needs_more_than_one_segment(read):
    rest = packet(listed("dc:subject", [f"word {n}" for n in range(3000)])).encode()
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32
    pieces = [
        segment(0xE1, head + struct.pack(">II", len(rest), start) + rest[start : start + 60_000])
        for start in range(0, len(rest), 60_000)
    ]
    found, damaged = read(jpeg(*pieces[::-1], xmp=subjects("Sea")))
    assert found == ("Sea", *(f"word {n}" for n in range(3000))) and not damaged
    found, damaged = read(jpeg(*pieces[1:], xmp=subjects("Sea")))
    assert found == ("Sea",) and damaged


def test_xmp_after_the_pixels_of_a_png(read):
    plain = picture("png")
    text = b"XML:com.adobe.xmp\0\0\0\0\0" + subjects("Sea")
    chunk = struct.pack(">I", len(text)) + b"iTXt" + text + struct.pack(">I", zlib.crc32(b"iTXt" + text))
    assert read(plain[:-12] + chunk + plain[-12:], "a.png") == (("Sea",), False)
    assert read(plain[:-12] + chunk[:50], "a.png")[0] == ()


def test_what_is_broken_costs_no_other_keyword(read):
    broken = packet(listed("dc:subject", ["&b;"]), before=BOMB).encode()
    assert read(jpeg(photoshop(iptc(b"sky")), xmp=broken)) == (("sky",), True)
    assert read(jpeg(photoshop(b"\x1c\x77\x77\x00\x05abcde"), xmp=subjects("Sea"))) == (("Sea",), True)
    assert read(jpeg(xmp=subjects("Sea"), exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"))[0] == ("Sea",)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe1\xff\xff", picture("png")[:20]])
def test_a_file_that_is_no_picture_is_damaged(read, content):
    assert read(content) == ((), True)


@given(st.integers(0, 2**32), st.integers(1, 30))
def test_damage_anywhere_raises_nothing(tmp_path_factory, seed, changes):
    from random import Random

    random = Random(seed)
    content = bytearray(jpeg(photoshop(iptc(b"sky")), xmp=subjects("Sea"), exif=windows("Sun")))
    for _ in range(changes):
        content[random.randrange(len(content))] = random.randrange(256)
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    path.write_bytes(content[: random.randrange(len(content))])
    keywords(path)


def test_no_pixel_is_decoded(read, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    assert read(jpeg(xmp=subjects("Sea"))) == (("Sea",), False)
    assert read(picture("png"), "a.png") == ((), False)
    assert read(picture("tiff"), "a.tif") == ((), False)


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("HASHBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "photos").mkdir()
    for name in ("a.jpg", "b.jpg", "c.JPG", "d.png"):
        (tmp_path / "photos" / name).write_bytes(picture())
    return tmp_path / "photos"


def test_keywords_are_read_once_for_each_state_of_a_file(root, monkeypatch):
    import os

    for path in root.iterdir():
        path.write_bytes(jpeg(xmp=subjects(path.stem)))
        os.utime(path, (1_600_000_000, 1_600_000_000))
    first = from_images(look_through(root))
    monkeypatch.setattr(embedded, "keywords", None)
    assert from_images(look_through(root)) == first
    assert first.tags == (("a",), ("b",), ("c",), ("d",))


def test_damaged_photos_are_counted(root):
    (root / "b.jpg").write_bytes(b"")
    assert from_images(look_through(root)).damaged == 1


def test_sidecars_of_both_kinds_under_both_names(root):
    (root / "a.xmp").write_bytes(subjects("Sea"))
    (root / "a.jpg.xmp").write_bytes(subjects("Sky", "Sea"))
    (root / "b.jpg.txt").write_text("Golden Gate\r\n\nsea, sky;sun\n", newline="")
    (root / "C.TXT").write_bytes("Zürich\nsea".encode("utf-16"))
    (root / "e.txt").write_text("nobody's")
    found = from_sidecars(look_through(root))
    assert found.tags == (("Sky", "Sea"), ("Golden Gate", "sea", "sky", "sun"), ("Zürich", "sea"), ())
    assert found.damaged == 0


def test_damaged_sidecars_are_counted_and_stop_nothing(root):
    (root / "a.xmp").write_bytes(b"<x")
    (root / "b.txt").write_bytes(b"\xff\xff\x00")
    (root / "c.txt").write_bytes(b"a" * 100_001)
    (root / "d.txt").write_text("sea")
    found = from_sidecars(look_through(root))
    assert found.tags == ((), (), (), ("sea",)) and found.damaged == 3
