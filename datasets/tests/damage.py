"""What disks, downloads and people with bad intentions do to a file of a data set.

Each function changes the file at `path`, which lies below `root`, as a seeded `random.Random` has it. The
file is replaced and never written into: others may be linked to it.
"""

import io
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib

import h5py
import numpy as np
from PIL import Image
from safetensors.numpy import save_file

from hashbench.data.array_files import ArrayFile

# Of one line, or of one member of an archive.
LONG, BOMB = 3_000_000, 50_000_000
NUMBERS = (
    b"-1",
    b"0",
    b"99999999999999999999",
    b"nan",
    b"-inf",
    b"1e999",
    b"0x10",
    b"9" * 300,
    b"9" * 5000,
    "٣".encode(),
)
NAMES = ("../escaped", "/escaped", "a/../../escaped", "C:\\escaped", "..\\escaped", "a\0b", "x" * 300, "")


def replace(path, content):
    path.unlink()
    path.write_bytes(content)


def change(path, edit):
    replace(path, bytes(edit(bytearray(path.read_bytes()))))


def cut(path, root, random):
    content = path.read_bytes()
    replace(path, content[: random.randrange(len(content) + 1)])


def flip(path, root, random):
    """Other bytes in a few places, often near an end, where headers are."""

    def edit(content):
        for _ in range(random.randint(1, 8)):
            if content:
                near = min(len(content), random.choice((64, 512, len(content))))
                place = random.randrange(near)
                content[random.choice((place, len(content) - 1 - place))] = random.randrange(256)
        return content

    change(path, edit)


def blank(path, root, random):
    """A run of zeros."""

    def edit(content):
        start = random.randrange(len(content) + 1)
        end = min(len(content), start + random.choice((1, 16, 4096)))
        content[start:end] = bytes(end - start)
        return content

    change(path, edit)


def noise(path, root, random):
    replace(path, random.randbytes(random.choice((1, 100, 10_000))))


def empty(path, root, random):
    replace(path, b"")


def double(path, root, random):
    replace(path, path.read_bytes() * 2)


def swap(path, root, random):
    """The content of another file."""
    others = sorted(other for other in root.parent.rglob("*") if other.is_file())
    replace(path, random.choice(others).read_bytes())


def folder(path, root, random):
    path.unlink()
    path.mkdir()
    (path / "inside.jpg").write_bytes(b"x")


def remove(path, root, random):
    path.unlink()


def link(path, root, random):
    """A link that leads out, to a file, a folder, nothing or itself."""
    target = random.choice(
        (root.parents[1] / "outside/secret.jpg", root.parents[1] / "outside", "gone", path)
    )
    path.unlink()
    path.symlink_to(target)


def insert(path, random, piece):
    """Something at a place that may be within a line or between two."""

    def edit(content):
        ends = [0, len(content), *(found.end() for found in re.finditer(rb"[\n,]", content))]
        place = random.choice((random.choice(ends), random.randrange(len(content) + 1)))
        content[place:place] = piece
        return content

    change(path, edit)


def lengthen(path, root, random):
    """One enormous line."""
    insert(path, random, random.choice((b"a", b"7", b"\xff", b" ", b"a,", b'"', b"(", b"[", b"\n")) * LONG)


def nul(path, root, random):
    insert(path, random, b"\0" * random.choice((1, 7)))


def encode(path, root, random):
    """Bytes that are no UTF-8, marks of other encodings, and separators that only Unicode knows."""
    strange = (
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xc3(",
        b"\x1b[31m",
        b"\xe2\x80\xa8",
        b"\x85",
        b"\xef\xbb\xbf",
        b"\r",
    )
    insert(path, random, random.choice(strange))


def quote(path, root, random):
    insert(
        path,
        random,
        random.choice((b'"', b'""', b"'", b"\\", b",", b";", b"\t", b"]", b"}", b"{", b"\n\n")),
    )


def number(path, root, random):
    """Another number in the place of one."""

    def edit(content):
        found = list(re.finditer(rb"-?[0-9]+", content))
        if found:
            chosen = random.choice(found)
            content[chosen.start() : chosen.end()] = random.choice(NUMBERS)
        return content

    change(path, edit)


def lead_out(path, root, random):
    """A name that leads out of a folder, in a place of its own or within another."""
    insert(path, random, random.choice(NAMES).encode())


def call_strangely(path, root, random):
    """A file under a name that is no text, has several lines, or is nobody's."""
    name = random.choice(
        (b"\xff\xfe", b"a\nb", b"\x1b[31m", b" ", b"'", b"[x]", "\u202e".encode(), b"labels")
    )
    path.rename(os.fsdecode(os.fsencode(path.parent) + b"/" + name + os.fsencode(path.suffix)))


FILES = (
    *(cut, flip, blank, noise, empty, double, swap, folder, remove, link, lengthen, nul, encode, quote),
    *(number, lead_out, call_strangely),
)


def bomb_picture(path, root, random):
    """A picture of the kind that the name says, or a PNG, that unfolds to a lot."""
    side = random.choice((5_000, 30_000))
    buffer = io.BytesIO()
    kind = {".gif": "gif", ".tif": "tiff", ".png": "png"}.get(path.suffix, "png")
    how = {"compression": "tiff_deflate"} if kind == "tiff" else {}
    Image.new("1", (side, side)).save(buffer, kind, **how)
    content = buffer.getvalue()
    if kind == "png" and random.random() < 0.5:
        text = b"Comment\0\0" + zlib.compress(bytes(BOMB))
        chunk = (
            struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
        )
        content = content[:33] + chunk + content[33:]  # after the header
    replace(path, content)


PICTURES = (*FILES, bomb_picture, flip, flip, blank, cut)


def strange_array(random):
    """What somebody may have stored in the place of features or labels."""
    shape = random.choice(
        ((30, 5), (30, 3), (30,), (1, 30), (30, 1), (0, 5), (30, 0), (2, 3, 4), (29, 5), ())
    )
    dtype = random.choice(("f4", "f8", "f2", "u1", "i8", "b1", "u8", "U3"))
    array = np.ones(shape, dtype)
    if array.size and dtype[0] in "fiu":
        array.flat[0] = random.choice(
            (2, np.iinfo("u1").max, *((np.nan, -np.inf, -0.5) if dtype[0] == "f" else ()))
        )
    return array


def store(path, arrays):
    """Write arrays as a file of the kind that `path` is."""
    path.unlink()
    numbers = {name: array for name, array in arrays.items() if array.dtype.kind != "U"}
    if path.suffix == ".npy":
        np.save(path, next(iter(arrays.values())))
    elif path.suffix == ".npz":
        np.savez(path, **arrays)
    elif path.suffix == ".safetensors":
        save_file({name: np.ascontiguousarray(array) for name, array in numbers.items()}, path)
    else:
        with h5py.File(path, "w") as file:
            for name, array in numbers.items():
                file[name] = array.T


def stored(path):
    """The arrays of a file."""
    file = ArrayFile.open(path)
    return {name: np.asarray(file.read(name)) for name in file.loaders}


def exchange(path, root, random):
    """A strange array in the place of one, or of none."""
    arrays = stored(path)
    arrays[random.choice(sorted(arrays))] = strange_array(random)
    store(path, arrays)


def claim(path, root, random):
    """An array whose header claims to be enormous."""

    def edit(content):
        return re.sub(rb"\((\d+,)", lambda found: b"(%d," % 10 ** random.randint(5, 15), content, count=1)

    change(path, edit)


ARRAYS = (*FILES, exchange, exchange, exchange, claim)


def members(path):
    """What is in a zip or tar, by name."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {info.name: archive.extractfile(info).read() for info in archive.getmembers()}


def pack(path, files, *, strange=None, kind=zipfile.ZIP_DEFLATED, mode=0):
    """Write an archive of the kind that `path` is, with pairs of name and content.

    Args:
        path: The archive, which is replaced.
        files: Pairs of name and content.
        strange: The place of one that is packed as `kind`, or is of file type `mode`.
        kind: How it is packed in a zip.
        mode: Its file type; in a tar any but 0 is a link.
    """
    is_zip, buffer = zipfile.is_zipfile(path), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") if is_zip else tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for place, (name, content) in enumerate(files):
            if is_zip:
                info = zipfile.ZipInfo("placeholder")
                info.filename = name
                info.external_attr = (mode if place == strange else 0) << 16
                archive.writestr(info, content, kind if place == strange else zipfile.ZIP_STORED)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                if mode and place == strange:
                    info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0
                archive.addfile(info, io.BytesIO(content))
    replace(path, buffer.getvalue())


def repack(path, random, **how):
    """Pack an archive again with one member packed strangely."""
    files = list(members(path).items())
    pack(path, files, strange=random.randrange(len(files)), **how)


def rename(path, root, random):
    """A member that would lie elsewhere."""
    files = list(members(path).items())
    place = random.randrange(len(files))
    files[place] = random.choice(NAMES), files[place][1]
    pack(path, files)


def repeat(path, root, random):
    """A member twice, or a file where others need a folder."""
    files = list(members(path).items())
    name, content = random.choice(files)
    pack(path, [*files, (random.choice((name, f"{name}/x", name.partition("/")[0])), content)])


def bomb(path, root, random):
    """A member that unfolds to a lot: in the place of one, beside, or within archives."""
    files = list(members(path).items())
    place = random.choice((random.randrange(len(files)), len(files)))
    name, content = (*files, ("more/zeros.bin", b""))[place]
    content = content[: random.choice((0, 100))] + bytes(BOMB)
    if random.random() < 0.3:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros.bin", content)
        content = inner.getvalue()
    files[place : place + 1] = [(name, content)]
    pack(path, files, strange=place)


def method(path, root, random):
    """A member that is packed in a way that hardly anybody uses."""
    repack(path, random, kind=random.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED)))


def special(path, root, random):
    """A member that is a link or a device."""
    repack(path, random, mode=random.choice((stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO)) | 0o777)


def header(path, root, random):
    """Other bytes in the headers of a zip's members, such as the flag of encryption and checksums."""

    def edit(content):
        marks = [found.start() for found in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", content)]
        for start in random.sample(marks, min(len(marks), 3)):
            place = min(len(content) - 1, start + random.randrange(4, 46))
            content[place] ^= random.choice((1, 8, 0x80, 0xFF))
        return content

    change(path, edit)


def encrypted(path, root, random):
    """The flag of encryption on all members of a zip."""

    def edit(content):
        for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            for found in re.finditer(re.escape(mark), content):
                content[found.start() + offset] |= 1
        return content

    change(path, edit)


def corrupt_inside(path, root, random):
    """Damage to a member, in an archive that is whole."""
    files = members(path)
    name = random.choice(sorted(files))
    inside = path.parent / "member"
    inside.write_bytes(files[name])
    random.choice((cut, flip, blank, noise, empty, lengthen, nul, encode, quote, number))(
        inside, root, random
    )
    files[name] = inside.read_bytes()
    inside.unlink()
    pack(path, files.items())


ARCHIVES = (
    *FILES,
    rename,
    repeat,
    bomb,
    method,
    special,
    header,
    encrypted,
    corrupt_inside,
    cut,
    flip,
    blank,
)
PACKED = {".zip", ".gz"}
PIXELS = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".gif", ".webp", ".bmp", ".avif"}
NUMERIC = {".npy", ".npz", ".mat", ".safetensors"}


def ways(path):
    """What can be done to a file of that kind."""
    if path.suffix in PACKED:
        return ARCHIVES
    return PICTURES if path.suffix in PIXELS else ARRAYS if path.suffix in NUMERIC else FILES
