# /// script
# requires-python = ">=3.11"
# dependencies = ["lxml==6.1.3", "numpy==2.4.6", "pillow==13.0.0"]
# ///
# ruff: noqa: T201 (a script speaks by printing)
"""Build the "openclipart" dataset from Debian's openclipart packages.

    uv run datasets/build/openclipart.py --out DIR [--debs DIR]

Writes DIR/images.zip and DIR/manifest.csv. The same packages give the same bytes: every order is
by path or by content hash, and the zip holds no time. The versions above are pinned because the
encoder's version decides the bytes, hence the ids and the choice of the queries.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from lxml import etree
from PIL import Image, ImageChops

VERSION = "1:0.18+dfsg-19"
PACKAGES = {
    "openclipart-png": "f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02",
    "openclipart-svg": "989712d90d57dfa3230049f553bb43b76c30ee4d4b8c5f6e106e33f7db5cbdc5",
}
ROOT = Path("usr/share/openclipart")

# Not subjects: forms ("buttons", "shapes"), icon themes ("computer"), leftovers ("unsorted").
LEFT_OUT = frozenset(
    ("buttons", "computer", "containers", "logos", "shapes", "special", "unsorted"),
)
MIN_CATEGORY = 15
# The library's upload script printed Perl references among the keywords; nobody typed these.
ARTEFACT = re.compile(r"hash(\(0x[0-9a-f]+\))?", re.IGNORECASE)

MAX_PIXELS = 200_000_000  # 800 MB once decoded; two road signs of 623 Mpx are over it
WORK_SIDE = 2048  # larger pictures are averaged down to one to two times this before the rest
BAND = 1024  # rows composited at once
WHITE_SLACK = 8  # a margin this close to white is a margin
MIN_DRAWN = 16  # fewer pixels than this on the long side show nothing
SIDE = 128
COLOURS = 80

QUERIES = 400
SEED = "openclipart-1"
HASH_SIDE = 16
HASH_SLACK = 4  # grey levels; keeps resampling noise on flat areas out of the hash
SAME_BITS = 8  # of 512: the same drawing, in whatever colours and by whomever
NEAR_BITS = 48  # the same too, if by one author or of nearly the same colours
NEAR_COLOUR = 10.0  # mean absolute difference, of 255

XLINK = "{http://www.w3.org/1999/xlink}href"
RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
COLUMNS = ("id", "part", "category", "tags", "title", "author", "licence", "source", "sha256")


class BuildError(Exception):
    """Something the caller can put right; shown in one line."""


@dataclass(frozen=True)
class Work:
    """What an SVG file says about itself."""

    tags: tuple[str, ...]
    title: str
    author: str
    public_domain: bool
    complete: bool  # refers to no picture file outside the package


@dataclass
class Item:
    """One distinct image, with the metadata of the first path at which it is found."""

    source: str
    category: str
    work: Work
    pixels: Image.Image
    categories: set[str] = field(default_factory=set)
    data: bytes = b""
    sha256: str = ""
    part: str = "database"

    @property
    def id(self) -> str:
        """The name in the zip, without its ending."""
        return self.sha256[:16]


# --- packages ---------------------------------------------------------------------------------


def run(command: list[str], cwd: Path | None = None) -> None:
    """Run a command; raise its last line of complaint."""
    if shutil.which(command[0]) is None:
        raise BuildError(f"{command[0]} not found: a Debian or Ubuntu system is needed")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        complaint = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BuildError(f"{' '.join(command[:2])} failed: {complaint}")


def find_deb(folder: Path, package: str) -> Path:
    """The package's file in a folder, its checksum verified."""
    found = sorted(folder.glob(f"{package}_*.deb"))
    if not found:
        raise BuildError(f"no {package}_*.deb in {folder}")
    for path in found:
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() == PACKAGES[package]:
                return path
    raise BuildError(f"wrong sha256: {found[0]} is not {package} {VERSION}")


def unpack(debs: Path | None, work: Path) -> Path:
    """Fetch (unless a folder is given), verify and extract both packages; return their tree."""
    if debs is None:
        debs = work / "debs"
        debs.mkdir()
        run(["apt-get", "download", *(f"{name}={VERSION}" for name in PACKAGES)], cwd=debs)
    elif not debs.is_dir():
        raise BuildError(f"no such folder: {debs}")
    paths = [find_deb(debs, package) for package in PACKAGES]
    for path in paths:
        run(["dpkg-deb", "-x", str(path), str(work / "tree")])
    return work / "tree" / ROOT


# --- metadata ---------------------------------------------------------------------------------


def text_of(element: etree._Element | None) -> str:
    """An element's text on one line."""
    return " ".join((element.text or "").split()) if element is not None else ""


def is_public_domain(root: etree._Element) -> bool:
    """Whether the file names a licence, and no other than the public domain."""
    names = [
        (element.get(RESOURCE) or "").rstrip("/").rpartition("/")[2].replace(" ", "").lower()
        for element in root.iter("{*}license")
    ]
    return bool(names) and all(name == "publicdomain" for name in names)


def is_complete(root: etree._Element) -> bool:
    """Whether every embedded picture is in the file.

    Debian's PNG of a drawing which refers to another file shows "Linked image not found".
    """
    links = (element.get(XLINK, "") for element in root.iter("{*}image"))
    return all(link.startswith(("data:", "#")) for link in links if link)


def read_work(path: Path) -> Work | None:
    """Read the RDF metadata of an SVG file; None where it has none."""
    # Three files are not well-formed, hence "recover"; the input's checksum is known, hence
    # "huge_tree". Nothing is ever fetched.
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    root = etree.parse(str(path), parser).getroot()
    work = next(root.iter("{*}Work"), None) if root is not None else None
    if root is None or work is None:
        return None
    typed = ((element.text or "").strip() for element in work.iterfind(".//{*}subject//{*}li"))
    return Work(
        tags=tuple(tag for tag in typed if tag and not ARTEFACT.fullmatch(tag)),
        title=text_of(work.find("{*}title")),
        author=text_of(work.find("{*}creator//{*}title")),
        public_domain=is_public_domain(root),
        complete=is_complete(root),
    )


# --- pictures ---------------------------------------------------------------------------------


def flatten(image: Image.Image) -> Image.Image:
    """Composite on white, in bands, averaging huge pictures down on the way to bound memory."""
    width, height = image.size
    factor = max(1, max(image.size) // WORK_SIDE)
    flat = Image.new("RGB", (-(-width // factor), -(-height // factor)), "white")
    rows = BAND // factor * factor
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(height, top + rows))).convert("RGBA")
        sheet = Image.new("RGB", band.size, "white")
        sheet.paste(band, mask=band)
        flat.paste(sheet.reduce(factor) if factor > 1 else sheet, (0, top // factor))
    return flat


def trim(image: Image.Image) -> Image.Image | None:
    """Cut the white margins off; None for a blank picture.

    A quarter of the drawings fill less than 80 % of their page, some less than a tenth of it.
    """
    table = [0 if level <= WHITE_SLACK else 255 for level in range(256)] * 3
    box = ImageChops.invert(image).point(table).getbbox()
    return image.crop(box) if box else None


def square(image: Image.Image) -> Image.Image:
    """Fit into the side, keeping the aspect ratio, and pad to a square with white."""
    scale = SIDE / max(image.size)
    width, height = (max(1, round(length * scale)) for length in image.size)
    image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    sheet = Image.new("RGB", (SIDE, SIDE), "white")
    sheet.paste(image, ((SIDE - width) // 2, (SIDE - height) // 2))
    return sheet


def few_colours(image: Image.Image) -> Image.Image:
    """Round to a palette of the image's own.

    Takes more than half off the size of what follows, for about one grey level RMS of error.
    """
    if image.getcolors(COLOURS) is not None:
        return image
    method = Image.Quantize.MAXCOVERAGE
    rounded = image.quantize(COLOURS, method, kmeans=2, dither=Image.Dither.NONE)
    return rounded.convert("RGB")


def render(path: Path) -> Image.Image | str:
    """The image to pack, or why there is none."""
    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            return "too large"
        drawn = trim(flatten(image))
    if drawn is None:
        return "blank"
    if max(drawn.size) < MIN_DRAWN:
        return "too small"
    return few_colours(square(drawn))


def encode(image: Image.Image) -> bytes:
    """Lossless WebP. Higher methods take ten times as long to save 2 %."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=True, quality=75, method=4)
    return buffer.getvalue()


# --- selection --------------------------------------------------------------------------------


def candidates(root: Path, counts: Counter[str]) -> Iterator[tuple[Path, Path, Work]]:
    """SVG and PNG paths that pass the filters on metadata, in the order of their paths."""
    folder = root / "svg"
    for svg in sorted(folder.rglob("*.svg"), key=lambda path: path.relative_to(folder).parts):
        relative = svg.relative_to(folder)
        if relative.parts[0] in LEFT_OUT:
            continue
        counts["paths"] += 1
        png = (root / "png" / relative).with_suffix(".png")
        work = read_work(svg)
        if not png.exists() or work is None:
            counts["dropped paths: no picture or no metadata"] += 1
        elif not work.public_domain:
            counts["dropped paths: licence blank or other"] += 1
        elif not work.tags:
            counts["dropped paths: no tag"] += 1
        elif not work.complete:
            counts["dropped paths: linked picture missing"] += 1
        else:
            yield relative, png, work


def collect(root: Path, counts: Counter[str]) -> list[Item]:
    """Render the candidates, one item for each distinct image.

    Symbolic links, equal files and equal renders are one image: the first path stands for it,
    and all its categories are remembered.
    """
    by_file: dict[Path, Item | None] = {}
    by_pixels: dict[bytes, Item] = {}
    for relative, png, work in candidates(root, counts):
        category, real = relative.parts[0], png.resolve()
        if real in by_file:
            counts["merged paths: symbolic link"] += 1
        else:
            pixels = render(real)
            if isinstance(pixels, str):
                counts[f"dropped images: {pixels}"] += 1
                by_file[real] = None
                continue
            item = Item(png.relative_to(root).as_posix(), category, work, pixels)
            by_file[real] = by_pixels.setdefault(pixels.tobytes(), item)
            counts["merged images: equal pixels"] += by_file[real] is not item
        kept = by_file[real]
        if kept is not None:
            kept.categories.add(category)
    return list(by_pixels.values())


def keep_large(items: list[Item], counts: Counter[str]) -> list[Item]:
    """Leave out the categories with too few images."""
    sizes = Counter(item.category for item in items)
    kept = [item for item in items if sizes[item.category] >= MIN_CATEGORY]
    counts["dropped images: small category"] += len(items) - len(kept)
    return kept


def pack(items: list[Item]) -> list[Item]:
    """Encode, name by content, and put in the order of the names."""
    for item in items:
        item.data = encode(item.pixels)
        item.sha256 = hashlib.sha256(item.data).hexdigest()
    packed = sorted(items, key=lambda item: item.sha256)
    if len({item.id for item in packed}) != len(packed):
        raise BuildError("two images share an id")
    return packed


def thumbnails(items: Iterable[Item], mode: str) -> npt.NDArray[np.int16]:
    """All images at one pixel more than the hash's side."""
    size = (HASH_SIDE + 1, HASH_SIDE + 1)
    small = (item.pixels.convert(mode).resize(size, Image.Resampling.BOX) for item in items)
    return np.stack([np.asarray(image, dtype=np.int16) for image in small])


def hash_distances(items: list[Item]) -> npt.NDArray[np.int16]:
    """Hamming distances of difference hashes of the grey images, across and down, 512 bits.

    Both directions: a flag with level stripes is flat across. Grey, not colour by colour: it
    sees the same drawing in another colour, which is what must not be missed.
    """
    grey = thumbnails(items, "L")
    across = grey[:, :HASH_SIDE, 1:] - grey[:, :HASH_SIDE, :-1] > HASH_SLACK
    down = grey[:, 1:, :HASH_SIDE] - grey[:, :-1, :HASH_SIDE] > HASH_SLACK
    flat = (part.reshape(len(items), -1) for part in (across, down))
    bits = np.concatenate(list(flat), axis=1).astype(np.float32)
    ones = bits.sum(axis=1)
    # Whole numbers below 2**24: exact in single precision, in any order of summing.
    distances: npt.NDArray[np.float32] = ones[:, None] + ones[None, :] - 2 * bits @ bits.T
    return distances.astype(np.int16)


def near_duplicates(items: list[Item]) -> list[tuple[int, int]]:
    """Pairs of images with nearly the same drawing.

    Hashes that differ a little more pair a pencil with a sword, so they must be of one author
    (colour variants, sets of cards or clocks) or nearly of the same colours (redrawings and
    second uploads).
    """
    distances = hash_distances(items)
    colours = thumbnails(items, "RGB")
    first, second = np.nonzero(np.triu(distances <= NEAR_BITS, k=1))
    pairs = []
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        authors = {items[index].work.author.casefold() for index in (one, other)}
        if (
            distances[one, other] <= SAME_BITS
            or (len(authors) == 1 and authors != {""})
            or np.abs(colours[one] - colours[other]).mean() <= NEAR_COLOUR
        ):
            pairs.append((one, other))
    return pairs


def quotas(sizes: Counter[str], total: int) -> dict[str, int]:
    """Share out the queries in proportion to the categories, by largest remainder."""
    everything = sum(sizes.values())
    shares = {name: total * size // everything for name, size in sizes.items()}
    rest = sorted(sizes, key=lambda name: (-(total * sizes[name] % everything), name))
    for name in rest[: total - sum(shares.values())]:
        shares[name] += 1
    return shares


def choose_queries(items: list[Item], counts: Counter[str]) -> None:
    """Mark the queries, by a seeded hash of the id within each category.

    A query has no near-duplicate at all, so no group of them is on both sides, and is filed
    under one category only, so what is relevant to it is not in doubt.
    """
    pairs = near_duplicates(items)
    near = {index for pair in pairs for index in pair}
    counts["near-duplicate pairs"] = len(pairs)
    counts["images with a near-duplicate (never queries)"] = len(near)
    doubtful = sum(len(item.categories) > 1 for item in items)
    counts["images in several categories (first kept, never queries)"] = doubtful
    alone = [item for index, item in enumerate(items) if index not in near]
    eligible = [item for item in alone if len(item.categories) == 1]
    counts["images eligible as queries"] = len(eligible)
    for category, share in quotas(Counter(item.category for item in items), QUERIES).items():
        pool = [item for item in eligible if item.category == category]
        if len(pool) < share:
            raise BuildError(f"category {category}: {share} queries wanted, {len(pool)} possible")
        pool.sort(key=lambda item: hashlib.sha256(f"{SEED}{item.id}".encode()).digest())
        for item in pool[:share]:
            item.part = "query"


# --- output -----------------------------------------------------------------------------------


def zip_bytes(items: list[Item]) -> bytes:
    """The images, stored, under names that tell nothing, with a fixed time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for item in items:
            member = zipfile.ZipInfo(f"{item.id}.webp", (1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # the same on every system
            member.external_attr = 0o100644 << 16
            archive.writestr(member, item.data)
    return buffer.getvalue()


def public_name(author: str) -> str:
    """The author without e-mail addresses: of a bare one, the part before the at sign is kept."""
    named = re.sub(r"\s*[<(\[][^<(\[\s]*@[^>)\]\s]*[>)\]]", "", author)
    return re.sub(r"(?:mailto:)?([\w.+-]+)@[\w.-]+", r"\1", named).strip()


def manifest_bytes(items: list[Item]) -> bytes:
    """One row for each image, in the order of the ids."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in items:
        work = item.work
        if any("|" in tag for tag in work.tags):
            raise BuildError(f"{item.source}: a tag contains the separator")
        tags = "|".join(work.tags)
        row = (item.id, item.part, item.category, tags, work.title, public_name(work.author))
        writer.writerow((*row, "PublicDomain", item.source, item.sha256))
    return buffer.getvalue().encode()


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write all files under other names first: an interrupted build leaves the old ones whole."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / f".{name}.part").write_bytes(data)
        for name in files:
            (folder / f".{name}.part").replace(folder / name)
    except OSError as error:
        raise BuildError(f"cannot write to {folder}: {error.strerror}") from error
    finally:
        for name in files:
            if folder.is_dir():
                (folder / f".{name}.part").unlink(missing_ok=True)


def report(items: list[Item], counts: Counter[str], files: dict[str, bytes]) -> None:
    """Print what was made."""
    for name, number in counts.items():
        print(f"{number:7d}  {name}")
    database = [item for item in items if item.part == "database"]
    used = Counter(tag for item in database for tag in set(item.work.tags))
    print(f"{len(items):7d}  images: {len(items) - len(database)} queries, {len(database)} others")
    print(f"{sum(len(item.work.tags) for item in items) / len(items):7.2f}  tags an image")
    print(f"{len({tag for item in items for tag in item.work.tags}):7d}  distinct tags")
    print(f"{sum(n >= 5 for n in used.values()):7d}  tags used 5 times or more in the database")
    queries = Counter(item.category for item in items if item.part == "query")
    for category, size in Counter(item.category for item in items).most_common():
        print(f"{size:7d}  {category} ({queries[category]} queries)")
    for name, data in files.items():
        print(f"{hashlib.sha256(data).hexdigest()}  {name}  {len(data)} bytes")


def build(out: Path, debs: Path | None) -> None:
    """The whole way from the packages to the two files."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="openclipart-") as work:
        found = collect(unpack(debs, Path(work)), counts)
    items = pack(keep_large(found, counts))
    choose_queries(items, counts)
    files = {"images.zip": zip_bytes(items), "manifest.csv": manifest_bytes(items)}
    write(out, files)
    report(items, counts, files)


def main() -> int:
    """Parse the arguments and build; 2 for an error the caller can put right."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--debs", type=Path, help="folder with both .deb files (else downloaded)")
    arguments = parser.parse_args()
    # Pillow's own limit would refuse drawings that are kept here; render() has its own.
    Image.MAX_IMAGE_PIXELS = None
    try:
        build(arguments.out, arguments.debs)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
