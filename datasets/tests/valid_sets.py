"""A small valid root of every data set, made by the builders of its own tests."""

import csv
import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hashbench.data.download import Archive
from hashbench_datasets.cifar10 import Cifar10
from hashbench_datasets.coco import Coco
from hashbench_datasets.corel5k import Corel5k
from hashbench_datasets.features import Features
from hashbench_datasets.mirflickr import Mirflickr, Mirflickr38
from hashbench_datasets.nuswide import NusWide21, NusWide81
from hashbench_datasets.openclipart import OpenClipart
from hashbench_datasets.photos import Photos
from hashbench_datasets.wsih import WsihNus21

from . import (
    test_cifar10,
    test_coco,
    test_corel5k,
    test_features,
    test_mirflickr,
    test_nuswide,
    test_openclipart,
    test_photos,
    test_photos_keywords,
    test_wsih,
)

KINDS = (*("jpg", "png", "webp", "gif", "bmp", "tif", "avif"), "jpeg", "tiff")
SAID = {
    "features": test_features.FEATURES,
    "labels": test_features.LABELS.astype(np.uint8),
    "tags": test_features.TAGS.astype(np.float32),
    "label_names": np.array(test_features.WORDS),
    "tag_names": np.array(test_features.WORDS),
    "split": np.arange(test_features.IMAGES) % 3,
}


def plain(fixture):
    """What a fixture of another module does, as a function."""
    return fixture.__wrapped__


def shrink(patch, folder, folders):
    """Make the published data sets as small as the builders', with archives that have no checksum.

    So that damage to an archive is not found before it is unpacked.

    Args:
        patch: Undoes it.
        folder: For what the fixtures of the tests write.
        folders: pytest's factory of folders.
    """
    plain(test_mirflickr.small)(plain(test_mirflickr.zips)(folders), folder, patch)
    plain(test_coco.small)(plain(test_coco.zips)(folders), folder, patch)
    plain(test_cifar10.small)(plain(test_cifar10.packed)(), folder, patch)
    plain(test_nuswide.small)(folder, patch)
    patch.setattr("hashbench.data.download._open", _unreachable)
    patch.setattr(Mirflickr, "ARCHIVES", tuple(map(_unchecked, Mirflickr.ARCHIVES)))
    patch.setattr(Coco, "ARCHIVES", {name: _unchecked(archive) for name, archive in Coco.ARCHIVES.items()})
    patch.setattr(Cifar10, "ARCHIVE", _unchecked(Cifar10.ARCHIVE))


def _unchecked(archive):
    return Archive(archive.url)


def _unreachable(*request):
    raise OSError("there is no network")


def openclipart(folder):
    """Some pictures of the real one."""
    folder.mkdir()
    with (test_openclipart.HERE / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    of_part = [[row for row in rows if row["part"] == part][:15] for part in ("query", "database")]
    kept = [row for part in of_part for row in part]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(kept)
    (folder / "manifest.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    ids = {row["id"] for row in kept}
    with (
        zipfile.ZipFile(test_openclipart.HERE / "images.zip") as whole,
        zipfile.ZipFile(folder / "images.zip", "w") as part,
    ):
        for name in whole.namelist():
            if name.partition(".")[0] in ids:
                part.writestr(name, whole.read(name))
    return folder


def corel5k(folder):
    folder.mkdir()
    return plain(test_corel5k.root)(folder)


def mirflickr(folder):
    return plain(test_mirflickr.root)(folder)


def mirflickr_zips(folder):
    folder.mkdir()
    test_mirflickr.zipped(folder / "mirflickr25k.zip", test_mirflickr.photo_files())
    test_mirflickr.zipped(folder / "mirflickr25k_annotations_v080.zip", test_mirflickr.label_files())
    return folder


def nuswide(folder):
    return plain(test_nuswide.root)(folder, plain(test_nuswide.photos)())


def nuswide_zips(folder):
    test_nuswide.write(folder / "Flickr", plain(test_nuswide.photos)())
    files = test_nuswide.text_files()
    for part in NusWide21.PARTS:
        inside = {name: content for name, content in files.items() if name.startswith(part.folder)}
        test_nuswide.zipped(folder / part.archive.name, inside)
    return folder


def coco(folder):
    return plain(test_coco.root)(folder)


def coco_zips(folder):
    folder.mkdir()
    for name, files in test_coco.FILES.items():
        test_coco.zipped(folder / Coco.ARCHIVES[name].name, files)
    return folder


def cifar10(folder):
    return plain(test_cifar10.root)(folder)


def cifar10_archive(folder):
    folder.mkdir()
    (folder / Cifar10.ARCHIVE.name).write_bytes(plain(test_cifar10.packed)())
    return folder


def wsih(folder):
    _, *layout = test_wsih.KINDS[1]
    test_wsih.write_all(folder, *layout)
    return folder


def embedded(folder):
    return plain(test_photos.root)(folder)


def kinds(folder):
    """Photos of every kind in folders that are their tags."""
    for place in range(63):
        name = f"{'/'.join(test_photos.tags_of(place))}/{place}.{KINDS[place % len(KINDS)]}"
        test_photos.write(folder / name, place)
    return folder


def sidecars(folder):
    """XMP, and text, and metadata of other programs in the photos themselves."""
    for place in range(60):
        tags = test_photos.tags_of(place)
        test_photos.write(folder / f"{place}.jpg", place)
        if place % 2:
            (folder / f"{place}.jpg.xmp").write_bytes(test_photos_keywords.subjects(*tags))
        else:
            (folder / f"{place}.txt").write_text("\n".join(tags))
    return folder


def metadata(folder):
    """Keywords as IPTC, as Windows' property, and as XMP, in JPEG, PNG and TIFF."""
    made = test_photos_keywords
    folder.mkdir()
    for place in range(40):
        tags, color = test_photos.tags_of(place), bytes([place])
        encoded = [tag.encode() for tag in tags]
        (folder / f"{place}.jpg").write_bytes(
            made.jpeg(made.photoshop(made.iptc(*encoded)), exif=made.windows(";".join(tags)), comment=color)
        )
        (folder / f"{place}.png").write_bytes(made.picture("png", exif=made.windows(f"{place};{tags[0]}")))
        (folder / f"{place}.tif").write_bytes(
            made.picture("tiff", tiffinfo={700: made.subjects(*tags), 270: str(place)})
        )
    return folder


def table(ending):
    """Makes photos with a table of tags, labels and parts."""

    def make(folder):
        columns = {"path": [], "tags": [], "labels": [], "split": []}
        for place in range(40):
            test_photos.write(folder / f"{place}.jpg", place)
            tags = test_photos.tags_of(place)
            split = ("query", "database", "train")[place % 3]
            for name, cell in zip(columns, (f"{place}.jpg", ";".join(tags), tags[0], split), strict=True):
                columns[name].append(cell)
        if ending == "parquet":
            pq.write_table(pa.table(columns), folder / "tags.parquet")
        else:
            with (folder / f"tags.{ending}").open("w", newline="", encoding="utf-8") as stream:
                writer = csv.writer(stream, delimiter="\t" if ending == "tsv" else ",")
                writer.writerow(columns)
                writer.writerows(zip(*columns.values(), strict=True))
        return folder

    return make


def features(kind):
    """Makes one file of that kind."""

    def make(folder):
        folder.mkdir()
        ending, write = test_features.WRITERS[kind]
        arrays = dict(SAID)
        if kind == "safetensors":  # which has no words
            arrays = {name: arrays[name] for name in ("features", "labels", "split")}
        if kind == "parquet":  # which has as many rows of everything
            del arrays["label_names"], arrays["tag_names"]
            arrays["tags"] = np.array([",".join(tags) for tags in test_features.TAGGED])
        write(folder / f"file{ending}", arrays)
        return folder / f"file{ending}"

    return make


def features_folder(folder):
    """Arrays and text, and a split by indices."""
    folder.mkdir()
    for name in ("features", "labels"):
        np.save(folder / f"{name}.npy", SAID[name])
    rows = [",".join(tags) for tags in test_features.TAGGED]
    (folder / "tags.csv").write_text("".join(f"{row}\n" for row in rows))
    (folder / "label_names.txt").write_text("\n".join(test_features.WORDS))
    (folder / "ids.txt").write_text("".join(f"image {row}\n" for row in range(len(rows))))
    np.savez(folder / "query_indices.npz", query_indices=np.arange(5))
    np.save(folder / "database_indices.npy", np.arange(5, 30))
    return folder


# The data set's class, and what makes a root of it in a new folder.
SETS = {
    "openclipart": (OpenClipart, openclipart),
    "corel5k": (Corel5k, corel5k),
    "mirflickr25k": (Mirflickr, mirflickr),
    "mirflickr25k as zips": (Mirflickr, mirflickr_zips),
    "mirflickr25k-38": (Mirflickr38, mirflickr),
    "nuswide21": (NusWide21, nuswide),
    "nuswide81 as zips": (NusWide81, nuswide_zips),
    "coco": (Coco, coco),
    "coco as zips": (Coco, coco_zips),
    "cifar10": (Cifar10, cifar10),
    "cifar10 as tar.gz": (Cifar10, cifar10_archive),
    "wsih-nus21": (WsihNus21, wsih),
    "photos with keywords": (Photos, embedded),
    "photos with metadata": (Photos, metadata),
    "photos in folders": (Photos, kinds),
    "photos with sidecars": (Photos, sidecars),
    **{f"photos with tags.{ending}": (Photos, table(ending)) for ending in ("csv", "tsv", "parquet")},
    **{f"features as {kind}": (Features, features(kind)) for kind in test_features.WRITERS},
    "features in a folder": (Features, features_folder),
}
