"""The contact sheet depends on what the images are, not on where they stand."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from hashbench.data.collection import FeatureCollection, GroundTruth, ImageCollection
from hashbench.data.split import Split
from hashbench.errors import DataError
from hashbench.plugins import Plugins
from hashbench.reports.contact_sheet import (
    COLUMNS,
    FORMATS,
    GAP,
    NAME,
    ROWS,
    SIDE,
    choose,
    contact_sheet,
    encode,
)
from hashbench.runs.data import Opener, PreparedDataset


@pytest.fixture
def shapes():
    return Opener(Plugins()).open("shapes", None, None)


class Truth:
    """A data set of which nothing but the labels is asked."""

    def __init__(self, truth):
        self.ground_truth = lambda: truth


def reordered(data, order):
    """The same data set with its images in another order, under other names."""
    images, truth, back = data.images, data.ground_truth(), np.argsort(order)
    moved = ImageCollection(
        name=images.name,
        ids=tuple(f"other{n}" for n in range(len(order))),
        hashes=tuple(images.hashes[i] for i in order),
        tags=tuple(images.tags[i] for i in order),
        read=lambda index: images.read(int(order[index])),
    )
    split = Split("other", query=back[data.split.query], database=back[data.split.database][::-1])
    return PreparedDataset(Truth(GroundTruth(truth.names, truth.labels[order])), moved, split, {})


def labelled(data, labels, names):
    return replace(data, dataset=Truth(GroundTruth(names, labels)))


def chosen(data):
    return choose(data.images, data.ground_truth(), data.split.database)


def test_a_row_a_label_on_white(shapes):
    sheet = contact_sheet(shapes)
    assert sheet.size == (NAME + COLUMNS * (SIDE + GAP) + GAP, 3 * (SIDE + GAP) + GAP)
    pixels = np.asarray(sheet)
    assert (pixels[:GAP] == 255).all() and (pixels[:, -GAP:] == 255).all()
    for row in range(3):
        line = pixels[GAP + row * (SIDE + GAP) :][:SIDE]
        assert (line[:, :NAME] < 100).any(), "the label's name"
        for column in range(COLUMNS):
            assert (line[:, NAME + column * (SIDE + GAP) :][:, :SIDE] < 200).any(), "a picture"


def test_rows_show_database_images_of_their_label(shapes):
    truth = shapes.ground_truth()
    for row in chosen(shapes):
        carry = truth.labels[:, truth.names.index(row.label)]
        assert row.count == carry[shapes.split.database].sum()
        assert carry[row.images].all() and len(set(row.images)) == COLUMNS
        assert set(row.images) <= set(shapes.split.database)


def test_neither_order_nor_names_of_images_show(shapes):
    order = np.random.default_rng(0).permutation(len(shapes.images))
    first, second = contact_sheet(shapes), contact_sheet(reordered(shapes, order))
    assert first.tobytes() == second.tobytes()
    assert [list(row.images) for row in chosen(shapes)] != [sorted(row.images) for row in chosen(shapes)]


def test_of_equal_images_one_is_shown(shapes):
    first = shapes.images.hashes[30]
    hashes = tuple(first if i in (33, 36) else h for i, h in enumerate(shapes.images.hashes))
    data = replace(shapes, images=replace(shapes.images, hashes=hashes))
    few = replace(data, split=Split("few", query=np.array([0]), database=np.array([30, 33, 36, 39])))
    (row,) = chosen(few)
    assert row.count == 4
    assert sorted(row.images) == [30, 39]


def test_the_most_frequent_labels_come_first_and_the_rest_is_left_out(shapes):
    size, labels = len(shapes.images), 20
    carried = np.arange(size)[:, None] % (np.arange(labels) + 2) == 0
    carried[:, 5] = False
    data = labelled(shapes, carried, tuple(f"label{c:02d}" for c in range(labels)))
    rows = chosen(data)
    counts = [row.count for row in rows]
    assert len(rows) == ROWS and counts == sorted(counts, reverse=True)
    assert "label05" not in [row.label for row in rows]


def test_rare_labels_have_short_rows_and_unused_ones_none(shapes):
    carried = np.zeros((len(shapes.images), 2), dtype=bool)
    carried[50:53, 0] = True
    rows = chosen(labelled(shapes, carried, ("rare", "unused")))
    assert [(row.label, len(row.images)) for row in rows] == [("rare", 3)]


def test_long_names_are_cut_short(shapes):
    names = ("a name of a label that is much wider than its column", "b", "c")
    sheet = np.asarray(contact_sheet(labelled(shapes, shapes.ground_truth().labels, names)))
    assert (sheet[:, NAME - GAP : NAME] == 255).all()


@pytest.mark.parametrize("suffix", FORMATS)
def test_files_can_be_opened_and_are_the_same_each_time(shapes, suffix):
    sheet = contact_sheet(shapes)
    encoded = encode(sheet, suffix)
    assert encoded == encode(contact_sheet(shapes), suffix)
    with Image.open(io.BytesIO(encoded)) as opened:
        assert (opened.format, opened.size) == (FORMATS[suffix], sheet.size)
        assert np.abs(np.asarray(opened.convert("RGB"), int) - np.asarray(sheet, int)).mean() < 3


def test_features_have_no_pictures(shapes):
    images = shapes.images
    features = np.zeros((len(images), 4), dtype=np.float32)
    collection = FeatureCollection("numbers", images.ids, images.hashes, images.tags, features)
    with pytest.raises(
        DataError, match=r"numbers: there is no picture to show\. Expected images, not features"
    ):
        contact_sheet(replace(shapes, images=collection))


def test_without_labels_there_is_nothing_to_show(shapes):
    nothing = np.zeros((len(shapes.images), 3), dtype=bool)
    with pytest.raises(DataError, match="No database image has a label"):
        contact_sheet(labelled(shapes, nothing, ("a", "b", "c")))
