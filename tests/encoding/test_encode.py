"""Pictures and features get the codes that a run would give them: in shards, resumed, or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from hashbench.codes.code_set import CodeSet
from hashbench.codes.mapped import save_mapped
from hashbench.codes.rows import joined
from hashbench.codes.storage import load_codes
from hashbench.encoding import encode as module
from hashbench.encoding.encode import encode, left_out
from hashbench.encoding.encoder import EncoderMaker
from hashbench.encoding.source import open_source, parts
from hashbench.errors import ConfigError, DataError, StoreError
from hashbench.features.extract import frozen_features
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.spread import here

IMAGES, QUERIES = 120, 24
FAR = "sub/folder"


@pytest.fixture
def pictures(tmp_path):
    """The drawn shapes as files, some of them in folders, in the order of the shapes."""
    from stranger import draw

    root = tmp_path / "pictures"
    for number in range(IMAGES):
        path = root / f"{number:03}.png" if number < 100 else root / FAR / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw(number)[0])
    return root


@pytest.fixture
def features(tmp_path):
    """The shapes' features as a run computes them."""
    images, backbone = Plugins().datasets["shapes"]().images(), Plugins().backbone("pooled")()
    found, _ = frozen_features(images, backbone, "cpu", tmp_path / "cache", SilentProgress())
    np.save(tmp_path / "features.npy", found)
    return tmp_path / "features.npy"


@pytest.fixture
def trained_run(run):
    def call(method="signs", *options):
        return Path(run("--method", method, "--bits", "16", *options)[0]["run_dir"])

    return call


def maker(run, source, *, embeddings=False):
    return EncoderMaker(run, source, None, "cpu", embeddings)


def coded(*arguments, folder, **options):
    return encode(maker(*arguments), folder, SilentProgress(), **options)


def arrays(codes):
    """The codes' own arrays, all shards one after the other."""
    return joined([shard.codes() for shard in codes.shards]).arrays()


def equal(one, other):
    return all(np.array_equal(array, other[name]) for name, array in one.items())


def test_pictures_get_the_codes_of_the_run(trained_run, pictures, tmp_path):
    run = trained_run()
    outcome = coded(run, pictures, folder=tmp_path / "set", items=50)
    _, database, _ = load_codes(run / "codes.npz")
    assert [shard.items for shard in outcome.codes.shards] == [50, 50, 20]
    assert np.array_equal(arrays(outcome.codes)["packed"][QUERIES:], database.packed)
    assert outcome.codes.name(3) == "003.png" and outcome.codes.name(110) == f"{FAR}/110.png"
    assert outcome.codes.about["run"] == run.name


def test_codewords_are_shared_by_all_shards(trained_run, pictures, tmp_path):
    run = trained_run("pq")
    shards = coded(run, pictures, folder=tmp_path / "set", items=50).codes.shards
    _, database, _ = load_codes(run / "codes.npz")
    assert all(np.array_equal(shard.codes().codebooks, database.codebooks) for shard in shards)
    # There are more codewords than pictures, so that some are equal, and either may be chosen.
    found = joined([shard.codes() for shard in shards]).reconstruct()
    assert np.allclose(found[QUERIES:], database.reconstruct(), atol=1e-5)


def test_features_get_the_codes_of_the_run(trained_run, features, tmp_path):
    run = trained_run()
    outcome = coded(run, features, folder=tmp_path / "set", items=50)
    _, database, _ = load_codes(run / "codes.npz")
    assert np.array_equal(arrays(outcome.codes)["packed"][QUERIES:], database.packed)
    assert outcome.codes.name(100) == "100"


def test_an_npz_is_mapped_like_an_npy(trained_run, features, tmp_path):
    save_mapped(tmp_path / "features.npz", {"features": np.load(features)})
    run = trained_run()
    found = [
        coded(run, path, folder=tmp_path / path.suffix[1:])
        for path in (features, tmp_path / "features.npz")
    ]
    assert equal(arrays(found[0].codes), arrays(found[1].codes))


def test_pixels_are_coded_by_methods_that_look_at_them(trained_run, pictures, tmp_path):
    run = trained_run("bihalf", "--set", "iterations=3", "--set", "augment=crop")
    found = arrays(coded(run, pictures, folder=tmp_path / "set", items=70).codes)["packed"]
    assert np.array_equal(found[QUERIES:], load_codes(run / "codes.npz")[1].packed)


def test_no_code_depends_on_the_shards(trained_run, pictures, tmp_path):
    run = trained_run("wsdhq", "--set", "iterations=3")
    found = [
        encode(maker(run, pictures, embeddings=True), tmp_path / f"{n}", SilentProgress(), items=n).codes
        for n in (7, IMAGES)
    ]
    assert equal(arrays(found[0]), arrays(found[1]))
    embeddings = [np.concatenate([shard.embeddings() for shard in one.shards]) for one in found]
    assert np.array_equal(*embeddings)


def test_damaged_pictures_are_left_out_and_named(trained_run, pictures, tmp_path):
    for path in (pictures / "000.png", pictures / "060.png"):
        path.write_bytes(path.read_bytes()[:60])
    (pictures / "notes.jpg").write_text("no picture")
    (pictures / "notes.txt").write_text("not even called one")
    outcome = coded(trained_run(), pictures, folder=tmp_path / "set", items=50)
    assert sorted(outcome.left_out) == ["000.png", "060.png", "notes.jpg"]
    assert len(outcome.codes) == IMAGES - 2 and outcome.done == IMAGES + 1
    assert outcome.codes.name(0) == "001.png"
    assert left_out(CodeSet.open(tmp_path / "set")) == outcome.left_out


def test_names_of_files_need_not_be_utf8(trained_run, pictures, tmp_path):
    (pictures / "000.png").rename(pictures / os.fsdecode(b"000 b\xe4r.png"))
    (pictures / "001.png").rename(pictures / "001 bär.png")
    (pictures / os.fsdecode(b"b\xe4r.jpg")).write_text("no picture")
    outcome = coded(trained_run(), pictures, folder=tmp_path / "set")
    assert [outcome.codes.name(place) for place in (0, 1)] == [
        "000 b\N{REPLACEMENT CHARACTER}r.png",
        "001 bär.png",
    ]
    assert list(outcome.left_out) == ["b\N{REPLACEMENT CHARACTER}r.jpg"]


def test_a_shard_may_have_no_whole_picture(trained_run, pictures, tmp_path):
    for number in (0, 1):
        (pictures / f"{number:03}.png").write_bytes(b"")
    codes = coded(trained_run(), pictures, folder=tmp_path / "set", items=2).codes
    assert codes.shards[0].items == 0 and codes.name(0) == "002.png"


def breaks_after(many):
    """Does the first so many jobs, and is then interrupted."""

    def spread(make, jobs):
        done = here(make, jobs)
        for _ in range(many):
            yield next(done)
        raise KeyboardInterrupt

    return spread


def test_an_interrupted_call_is_gone_on_with(trained_run, pictures, tmp_path):
    run = trained_run()
    whole = coded(run, pictures, folder=tmp_path / "whole", items=30)
    with pytest.raises(KeyboardInterrupt):
        coded(run, pictures, folder=tmp_path / "set", items=30, spread=breaks_after(2))
    outcome = coded(run, pictures, folder=tmp_path / "set", items=30)
    assert outcome.done == IMAGES - 60
    for path in whole.codes.folder.iterdir():
        assert path.read_bytes() == (tmp_path / "set" / path.name).read_bytes()
    assert coded(run, pictures, folder=tmp_path / "set", items=30).done == 0


def test_other_pictures_are_not_mixed_in(trained_run, pictures, tmp_path):
    run = trained_run()
    with pytest.raises(KeyboardInterrupt):
        coded(run, pictures, folder=tmp_path / "set", items=30, spread=breaks_after(2))
    (pictures / "001.png").unlink()
    with pytest.raises(ConfigError, match="holds other codes"):
        coded(run, pictures, folder=tmp_path / "set", items=30)


def test_the_source_is_cut_into_parts(pictures, features):
    assert [(part.number, part.first, part.items) for part in parts(open_source(features), 50)] == [
        (0, 0, 50),
        (1, 50, 50),
        (2, 100, 20),
    ]
    last = parts(open_source(pictures), 50)[2]
    assert last.names[0] == f"{FAR}/100.png" and last.items == 20


def nothing(path):
    return path / "nothing"


def no_pictures(path):
    (path / "none").mkdir()
    return path / "none"


def text(path):
    (path / "text.txt").write_text("features")
    return path / "text.txt"


def two_arrays(path):
    np.savez(path / "two.npz", a=np.zeros((2, 3)), b=np.zeros((2, 3)))
    return path / "two.npz"


def damaged(path):
    (path / "damaged.npy").write_bytes(b"\x93NUMPY")
    return path / "damaged.npy"


def of_numbers(*shape, dtype=np.float32, fill=0):
    def make(path):
        np.save(path / "array.npy", np.full(shape, fill, dtype=dtype))
        return path / "array.npy"

    return make


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (nothing, "is neither"),
        (no_pictures, "holds no pictures"),
        (text, "is neither"),
        (two_arrays, "holds 2 arrays"),
        (damaged, "cannot be read"),
        (of_numbers(3), "Expected floats"),
        (of_numbers(0, 3), "Expected floats"),
        (of_numbers(2, 3, dtype=np.int64), "Expected floats"),
        (of_numbers(2, 7), "features of 7 dimensions do not suit run 'signs_16b"),
        (of_numbers(2, 192, fill=np.nan), "not a finite number"),
    ],
)
def test_what_cannot_be_coded_is_refused_and_nothing_is_left(make, complaint, trained_run, tmp_path):
    with pytest.raises(DataError, match=complaint):
        coded(trained_run(), make(tmp_path), folder=tmp_path / "set")
    assert not (tmp_path / "set").exists() or not list((tmp_path / "set").iterdir())


def test_features_are_no_pixels_and_pictures_no_features(trained_run, features, tmp_path):
    run = trained_run("bihalf", "--set", "iterations=3", "--set", "augment=crop")
    with pytest.raises(DataError, match="was made on pixels"):
        coded(run, features, folder=tmp_path / "set")


def test_the_command_codes_and_says_how_fast(cli, trained_run, pictures, tmp_path):
    run = trained_run()
    status, out, err = cli("encode", "signs", pictures, "-o", tmp_path / "set", "--runs", run.parent)
    assert status in (0, None), err
    assert "120, binary, 2 bytes each" in out and "a second" in out
    status, out, _ = cli(
        "encode", run, pictures, "-o", tmp_path / "set", "--runs", run.parent, "--format", "json"
    )
    assert status in (0, None) and '"encoded": 0' in out and '"items_per_second": null' in out


def test_the_command_refuses_in_one_line(cli, trained_run, pictures, tmp_path):
    run = trained_run()
    for wrong in (("sign_", pictures), (run, tmp_path / "nothing"), (tmp_path, pictures)):
        status, out, err = cli("encode", *wrong, "-o", tmp_path / "set", "--runs", run.parent)
        assert (status, out) == (2, "") and err.startswith("error: ") and len(err.splitlines()) == 1


def test_coded_queries_and_database_are_scored(cli, trained_run, features, tmp_path):
    """What `run` has scored, `encode` and `evaluate` score alike."""
    run, all_features = trained_run("pq"), np.load(features)
    labels = np.arange(IMAGES) % 3
    for name, part in (("asking", slice(0, QUERIES)), ("items", slice(QUERIES, None))):
        np.save(tmp_path / f"{name}.npy", all_features[part])
        np.save(tmp_path / f"{name}-labels.npy", labels[part])
        status, _, err = cli(
            "encode", run, tmp_path / f"{name}.npy", "-o", tmp_path / name, "--shard", "40", "--embeddings"
        )
        assert status in (0, None), err
    status, out, err = cli(
        "evaluate",
        tmp_path / "items",
        tmp_path / "items-labels.npy",
        "--query-codes",
        tmp_path / "asking",
        "--query-labels",
        tmp_path / "asking-labels.npy",
        "--metric",
        "map@50",
    )
    assert status in (0, None), err
    status, whole, _ = cli(
        "evaluate",
        run / "codes.npz",
        *("--query-labels", tmp_path / "asking-labels.npy", tmp_path / "items-labels.npy"),
        *("--metric", "map@50"),
    )
    scores = [
        line.split("│")[3].strip() for text in (out, whole) for line in text.splitlines() if "aqd" in line
    ]
    assert len(scores) == 2 and scores[0] == scores[1]
    status, out, err = cli("evaluate", tmp_path / "items", tmp_path / "items-labels.npy")
    assert (status, out) == (2, "") and "Expected --query-codes" in err


def test_the_disk_may_refuse(trained_run, pictures, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"):
        coded(trained_run(), pictures, folder=tmp_path / "file" / "set")
    assert module.PICTURES_A_SHARD < module.FEATURES_A_SHARD
