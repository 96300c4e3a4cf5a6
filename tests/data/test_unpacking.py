"""An archive is unpacked whole or not at all, and whatever it holds, nothing gets outside."""

import contextlib
import errno
import io
import lzma
import stat
import tarfile
import tempfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashbench.data.unpacking import unpack
from hashbench.errors import DataError, StoreError
from hashbench.progress import SilentProgress

FILES = {"photos/im1.jpg": b"\xff\xd8 one", "photos/im2.jpg": bytes(range(256)) * 40, "empty.txt": b""}
ZEROS = 50_000_000


def zipped(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files, kind="gz", **attributes):
    """A tar; a member whose content is None has nothing but the attributes of its header."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content or b"")
            if content is None:
                for attribute, value in attributes.items():
                    setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(content or b""))
    return buffer.getvalue()


def zip_entry(name, content=b"x", *, mode=0, flags=0):
    info = zipfile.ZipInfo("placeholder" if "\0" in name else name)
    info.external_attr = mode << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, content)
    encoded = buffer.getvalue()
    if flags:  # in the local header and in the directory
        encoded = bytearray(encoded)
        encoded[6] |= flags
        encoded[encoded.index(b"PK\x01\x02") + 8] |= flags
    return bytes(encoded)


def longer_than_it_says():
    """A stored member of three bytes that says it has two."""
    encoded = bytearray(zipped({"a.txt": b"abc"}, zipfile.ZIP_STORED))
    place = encoded.index(b"PK\x01\x02") + 24
    encoded[place : place + 4] = (2).to_bytes(4, "little")
    return bytes(encoded)


def encode(kind):
    return zipped(FILES) if kind == "zip" else tarred(FILES, kind)


@pytest.fixture
def open_archive(tmp_path):
    """Unpack some bytes into `tmp_path/in/out`."""

    def call(content, most_bytes=1_000_000, most_files=20, name="archive"):
        (tmp_path / name).write_bytes(content)
        target = tmp_path / "in" / "out"
        return unpack(
            tmp_path / name, target, SilentProgress(), most_bytes=most_bytes, most_files=most_files
        )

    return call


@pytest.fixture
def refused(open_archive, tmp_path):
    """Unpack some bytes, which must end in one line, and leave nothing; returns the line."""

    def call(content, **limits):
        with pytest.raises(DataError) as caught:
            open_archive(content, **limits)
        assert not list((tmp_path / "in").iterdir())
        assert {path.name for path in tmp_path.iterdir()} == {"archive", "in"}
        line = str(caught.value)
        assert "\n" not in line and str(tmp_path / "archive") in line
        return line

    return call


def content_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("kind", ["zip", "", "gz", "bz2", "xz"])
def test_a_good_archive_is_unpacked_whatever_its_name(open_archive, kind):
    assert content_of(open_archive(encode(kind))) == FILES


def test_folders_and_the_folder_itself_may_be_members(open_archive):
    folders = {"type": tarfile.DIRTYPE}
    files = {"./": None, "./photos": None, "./photos/im1.jpg": b"one", "void/": None}
    found = open_archive(tarred(files, **folders))
    assert content_of(found) == {"photos/im1.jpg": b"one"} and (found / "void").is_dir()


def test_what_was_unpacked_before_is_left(open_archive):
    open_archive(encode("zip"))
    assert content_of(open_archive(zipped({"other": b""}))) == FILES


def test_modes_are_not_taken_over(open_archive, tmp_path):
    content = tarred({"tool": None, "plain": b"1"}, mode=0o6777, size=0, mtime=0)
    found = open_archive(content)
    modes = {stat.S_IMODE((found / name).stat().st_mode) for name in ("tool", "plain")}
    assert len(modes) == 1 and not modes.pop() & 0o111
    assert (found / "tool").stat().st_mtime > 0


OUTSIDE = [
    "/etc/evil",
    "../evil",
    "a/../../evil",
    "C:\\evil",
    "c:evil",
    "\\\\host\\share\\evil",
    "a\\..\\evil",
]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_outside_are_refused(refused, name, kind):
    files = {"good": b"1", name: b"evil"}
    line = refused(zipped(files) if kind == "zip" else tarred(files))
    assert "would lie outside the folder" in line and repr(name) in line


def test_a_name_with_a_null_is_refused(refused):
    content = zip_entry("a.txt\0").replace(b"placeholder", b"a.txt\0/../b")
    assert "would lie outside" in refused(content)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar_are_refused(refused, kind):
    line = refused(tarred({"a": b"1", "link": None}, type=kind, linkname="../../evil"))
    assert "member 'link': it is a link" in line


@pytest.mark.parametrize(
    "kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z", tarfile.GNUTYPE_SPARSE]
)
def test_devices_and_unknown_kinds_in_a_tar_are_refused(refused, kind):
    assert "plain file" in refused(tarred({"odd": None}, type=kind))


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(refused, mode):
    assert "member 'odd': it is a link" in refused(zip_entry("odd", b"/etc/passwd", mode=mode))


def test_encrypted_members_are_refused(refused):
    assert "member 'secret': it is encrypted" in refused(zip_entry("secret", flags=1))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_need_memory_are_refused(refused, method):
    assert "neither stored nor deflated" in refused(zipped(FILES, method))


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_no_folder_can_hold_are_refused(refused, pack):
    assert "cannot have that name" in refused(pack({"a": b"1", "a/b": b"2"}))
    assert "cannot have that name" in refused(pack({"a" * 300: b"1"}))
    assert "deeper than 32 folders" in refused(pack({"a/" * 40 + "b": b"1"}))


def test_a_member_that_comes_twice_is_refused(refused):
    with pytest.warns(UserWarning, match="Duplicate"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a", "1")
            archive.writestr("a", "2")
    assert "member 'a': it cannot have that name" in refused(buffer.getvalue())


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_too_many_members_are_refused(refused, pack):
    assert "more members than the 20" in refused(pack({f"file{i}": b"" for i in range(21)}))


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_too_many_bytes_are_refused_in_little_memory(refused, pack):
    content = pack({"bomb": bytes(ZEROS)})
    tracemalloc.start()
    line = refused(content, most_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "member 'bomb'" in line and "more than the 1,000,000 bytes" in line
    assert peak < ZEROS / 4


def test_all_members_together_are_counted(refused):
    files = {f"file{i}": bytes(300_000) for i in range(4)}
    assert "member 'file3'" in refused(tarred(files))


@pytest.mark.parametrize("kind", ["zip", "xz", "bz2"])
def test_a_member_that_unfolds_beyond_measure_is_refused(refused, kind):
    files = {"a": b"1", "bomb": bytes(ZEROS)}
    line = refused(zipped(files) if kind == "zip" else tarred(files, kind), most_bytes=10 * ZEROS)
    assert "member 'bomb': it unfolds to more than 1,000 times" in line


def test_a_tar_header_beyond_measure_is_refused_in_little_memory(refused):
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, ZEROS
    content = lzma.compress(header.tobuf() + bytes(ZEROS), preset=0)
    tracemalloc.start()
    line = refused(content, most_bytes=10 * ZEROS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "header of 50,000,384 bytes" in line and peak < ZEROS / 4


@pytest.mark.parametrize("kind", ["zip", "", "gz", "bz2", "xz"])
@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_refused(refused, kind, share):
    content = encode(kind)
    end = int(len(content) * share)
    if kind == "":  # the end of a tar is padding
        end = min(end, 12_000)
    refused(content[:end])


def test_a_tar_that_ends_between_members_is_refused(refused):
    assert "breaks off" in refused(tarred(FILES, "")[: 512 + 512])


def test_damage_between_the_members_of_a_tar_is_found(refused):
    content = bytearray(tarred(FILES, ""))
    content[1024:1100] = b"?" * 76
    assert "damaged" in refused(bytes(content))


def test_a_member_of_another_length_than_it_says_is_refused(refused):
    refused(longer_than_it_says())


def test_damaged_content_is_refused_by_the_members_name(refused):
    content = bytearray(zipped(FILES, zipfile.ZIP_STORED))
    content[content.index(b"one")] ^= 1
    assert "member photos/im1.jpg" in refused(bytes(content))


def test_a_missing_archive_and_other_files_are_refused(refused, tmp_path):
    refused(b"<html>Not found</html>")
    refused(b"")
    with pytest.raises(DataError, match="No such file"):
        unpack(tmp_path / "none", tmp_path / "out", SilentProgress(), most_bytes=1, most_files=1)


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_archive(tmp_path):
    (tmp_path / "a.zip").write_bytes(encode("zip"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        unpack(tmp_path / "a.zip", tmp_path / "file/out", SilentProgress(), most_bytes=99999, most_files=9)


def test_a_full_disk_is_no_fault_of_the_archive(open_archive, monkeypatch, tmp_path):
    def full(path, mode="r", **options):
        if "x" in mode:
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, mode, **options)

    opened = Path.open
    (tmp_path / "archive").write_bytes(encode("zip"))
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StoreError, match="No space left"):
        unpack(tmp_path / "archive", tmp_path / "in/out", SilentProgress(), most_bytes=99999, most_files=9)
    assert not list((tmp_path / "in").iterdir())


@st.composite
def damaged(draw):
    """A good archive, cut short or with some bytes changed; or nothing but bytes."""
    if draw(st.booleans()):
        content = bytearray(encode(draw(st.sampled_from(["zip", "", "gz", "bz2", "xz"]))))
        for _ in range(draw(st.integers(0, 6))):
            content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
        return bytes(content[: draw(st.integers(0, len(content)))])
    start = draw(st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0"]))
    return start + draw(st.binary(max_size=2000))


@given(damaged())
def test_whatever_the_bytes_nothing_else_goes_wrong_or_gets_outside(content):
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        (base / "archive").write_bytes(content)
        target = base / "in" / "out"
        with contextlib.suppress(DataError):
            unpack(base / "archive", target, SilentProgress(), most_bytes=100_000, most_files=20)
        assert {path.name for path in base.iterdir()} == {"archive", "in"}
        assert {path.name for path in (base / "in").iterdir()} <= {"out"}
