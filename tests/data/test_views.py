"""A weakly supervised method cannot reach a label: not by asking, not by searching the heap."""

import gc
import pickle
import types

import numpy as np
import pytest

from hashbench.data.pixels import cached_pixels
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, Rows, TrainView, WebView
from hashbench.errors import DataError, SupervisionError
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.runs.inputs import RunInputs
from hashbench.runs.request import Preparer, RunRequest
from hashbench.tags.table import TagTable

TAGS = TagTable.from_lists([["a"], ["b"], []], ("a", "b"))
LABELS = np.array([[True], [False], [True]])
WEB = WebView(ImageView(features=np.zeros((2, 2), dtype=np.float32)), np.array([0, 1]), ("cat", "dog"))


def view(supervision, loaded=None):
    def load(name, value):
        if loaded is not None:
            loaded.append(name)
        return value

    return TrainView(
        ImageView(features=np.zeros((3, 2), dtype=np.float32)),
        supervision,
        load_tags=lambda: load("tags", TAGS),
        load_web=lambda: load("web", WEB),
        load_labels=lambda: load("labels", LABELS),
    )


@pytest.mark.parametrize(
    ("supervision", "allowed"),
    [
        (Supervision.NONE, []),
        (Supervision.TAGS, ["tags"]),
        (Supervision.WEB, ["web"]),
        (Supervision.LABELS, ["labels"]),
    ],
)
def test_only_what_was_declared_is_even_loaded(supervision, allowed):
    loaded = []
    got = view(supervision, loaded)
    assert loaded == allowed
    for name, value in {"tags": TAGS, "web": WEB, "labels": LABELS}.items():
        if name in allowed:
            assert getattr(got, name) is value
        else:
            with pytest.raises(SupervisionError, match=f"Rule: .* {name}, declare SUPERVISION = '{name}'"):
                getattr(got, name)


def reachable(root):
    """Every object that can be got at from `root`, classes and modules aside."""
    seen, todo = {}, [root]
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, types.ModuleType | type):
            continue
        seen[id(thing)] = thing
        todo.extend(gc.get_referents(thing))
        if isinstance(thing, np.ndarray) and thing.base is not None:
            todo.append(thing.base)
    return list(seen.values())


def test_nothing_reachable_from_a_tag_view_tells_a_label_or_a_name(tmp_path):
    request = RunRequest(method="wsdhq", bits=16, dataset="shapes", backbone="pooled")
    run = Preparer(Plugins()).prepare(request)
    method = run.build("cpu", SilentProgress())
    train = RunInputs(run, method, tmp_path, "cpu", SilentProgress()).train()
    things = reachable(train)
    assert not [thing for thing in things if callable(thing)], "a function could open anything"
    arrays = [thing for thing in things if isinstance(thing, np.ndarray)]
    assert any(array.shape == (96, 192) for array in arrays), "the search finds the features"
    truth = run.data.ground_truth().labels
    assert not [
        array for array in arrays if array.shape[-1:] == truth.shape[1:] or array.size == truth.size
    ]
    words = {thing for thing in things if isinstance(thing, str)}
    assert "red" in words, "the search finds the tags"
    assert not words & set(run.data.images.ids)
    assert not words & set(run.data.images.hashes)
    assert not [thing for thing in things if thing is run.data.dataset or thing is run.data.images]


def test_nothing_reachable_from_a_web_view_tells_a_label_a_tag_or_a_name(tmp_path, web):
    request = RunRequest(method="crowd", bits=16, dataset="shapes", backbone="pooled", web=str(web))
    run = Preparer(Plugins()).prepare(request)
    method = run.build("cpu", SilentProgress())
    train = RunInputs(run, method, tmp_path, "cpu", SilentProgress()).train()
    things = reachable(train)
    assert not [thing for thing in things if callable(thing)], "a function could open anything"
    arrays = [thing for thing in things if isinstance(thing, np.ndarray)]
    assert {(96, 192), (30, 192), (30,)} <= {array.shape for array in arrays}, "the search finds both views"
    truth = run.data.ground_truth().labels
    assert not [a for a in arrays if a.shape[-1:] == truth.shape[1:] or a.size == truth.size]
    words = {thing for thing in things if isinstance(thing, str)}
    assert set(train.web.names) <= words, "the search finds the concepts"
    assert not words & {*run.data.images.ids, *run.data.images.hashes, "red", "RED"}
    assert not words & {*run.web.images.ids, *run.web.images.hashes}


def test_pixels_lie_in_an_order_that_tells_nothing(tmp_path):
    images = Plugins().datasets["shapes"]().images()
    order = np.arange(len(images))
    rows, _ = cached_pixels(images, order, 8, tmp_path, SilentProgress())
    held = [thing for thing in reachable(rows.part(order[::-1])) if isinstance(thing, np.ndarray)]
    (places,) = [array for array in held if array.shape == order.shape]
    assert places[::-1].tolist() == np.argsort(np.argsort(images.hashes)).tolist(), "of hashes alone"


def test_training_images_come_in_an_order_that_tells_nothing(tmp_path):
    request = RunRequest(method="lsh", bits=16, dataset="shapes", backbone="pooled")
    run = Preparer(Plugins()).prepare(request)
    method = run.build("cpu", SilentProgress())
    train = RunInputs(run, method, tmp_path, "cpu", SilentProgress()).train()
    assert len(train) == 96


def test_features_and_pixels_are_not_mixed_up():
    with pytest.raises(SupervisionError, match="inputs='features'"):
        _ = ImageView(features=np.zeros((1, 2))).pixels
    with pytest.raises(SupervisionError, match="inputs='pixels'"):
        _ = ImageView(pixels=np.zeros((1, 2, 2, 3))).features
    with pytest.raises(ValueError, match="either"):
        ImageView()


def test_rows_are_indexed_as_the_array_in_their_order_would_be():
    array = np.arange(24).reshape(6, 2, 2)
    places = np.array([4, 0, 4, 5])
    rows, whole = Rows(array, places), array[places]
    assert (len(rows), rows.shape, rows.dtype) == (4, (4, 2, 2), array.dtype)
    for key in (0, -1, slice(1, 3), slice(None, None, -1), np.array([3, 3, 0]), whole[:, 0, 0] > 0):
        assert np.array_equal(rows[key], whole[key])
    assert np.array_equal(np.array(list(rows)), whole)
    with pytest.raises(IndexError):
        _ = rows[4]
    assert np.array_equal(rows.part(np.array([3, 0]))[:], whole[[3, 0]])


def test_a_view_of_rows_is_as_long_as_they_are():
    view = ImageView(pixels=Rows(np.zeros((9, 2, 2, 3), dtype=np.uint8), np.array([1, 2])))
    assert len(view) == 2 and view.pixels.shape == (2, 2, 2, 3)


def test_rows_of_a_file_go_to_another_process_by_the_files_name(tmp_path):
    whole = np.arange(2_000_000, dtype=np.uint8).reshape(-1, 10)
    (tmp_path / "rows").write_bytes(whole.tobytes())
    mapped = np.asarray(np.memmap(tmp_path / "rows", np.uint8, "r", shape=whole.shape))
    rows = Rows(mapped, np.array([5, 1, 7]))
    packed = pickle.dumps(rows)
    assert len(packed) < 10_000
    assert np.array_equal(pickle.loads(packed)[:], whole[[5, 1, 7]])
    kept = pickle.loads(pickle.dumps(Rows(whole[:9], np.array([5, 1]))))
    assert np.array_equal(kept[:], whole[[5, 1]])


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_features_that_are_no_numbers_are_refused_wherever_they_are(wrong):
    features = np.zeros((5000, 3), dtype=np.float32)
    features[4500, 1] = wrong
    with pytest.raises(DataError, match="features of image 4500 hold what is not a finite number"):
        ImageView(features=features)


def test_features_without_a_width_are_refused_and_no_images_are_not():
    for shape in ((4, 0), (4,), (2, 2, 2)):
        with pytest.raises(DataError, match="Expected \\(images, dimensions\\)"):
            ImageView(features=np.zeros(shape, dtype=np.float32))
    assert len(ImageView(features=np.zeros((0, 3), dtype=np.float32))) == 0
