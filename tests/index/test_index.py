"""An index holds all that a search needs, and is searched by the method that made it."""

import io
import json
import shutil

import numpy as np
import pytest
from indexes import PICTURES, draw_pictures, made_run
from PIL import Image

from hashbench.codes.code_set import CodeSet
from hashbench.codes.rows import joined
from hashbench.encoding import encode as encoding
from hashbench.encoding.thumbnails import thumbnail
from hashbench.errors import ConfigError, DataError, StoreError
from hashbench.index.build import build
from hashbench.index.index import RUN, Index
from hashbench.index.searcher import Searcher
from hashbench.progress import SilentProgress
from hashbench.ranking.distances import suited
from hashbench.runs.store import RunStore
from hashbench.tags.embeddings import embed_tags


@pytest.fixture
def drawn():
    from stranger import draw

    return lambda number: draw(number)[0]


@pytest.fixture
def searcher(index_of):
    return lambda method: Searcher.open(index_of(method), device="cpu")


@pytest.fixture
def source(tmp_path):
    """A run of signs, and pictures."""
    draw_pictures(tmp_path / "pictures", 30)
    return RunStore(made_run(tmp_path, "signs")).folder("signs"), tmp_path / "pictures"


def build_here(source, folder, **options):
    return build(*source, folder, SilentProgress(), device="cpu", **options)


def test_an_index_has_every_picture_that_can_be_decoded(index_of):
    index = Index.open(index_of("signs"))
    assert len(index) == PICTURES
    assert [shard.items for shard in index.codes.shards] == [25, 25, 10]
    assert index.codes.name(0).startswith("010-") and index.codes.name(PICTURES - 1).startswith(
        "first/009-"
    )
    assert [*encoding.left_out(index.codes)] == ["damaged.png"]
    assert [*index.codes.damaged()] == []


def test_thumbnails_are_small_pictures_of_what_was_coded(index_of, drawn):
    index = Index.open(index_of("signs"))
    for place in (0, 24, 25, PICTURES - 1):
        number = int(index.codes.name(place).rpartition("/")[2][:3])
        with Image.open(io.BytesIO(drawn(number))) as picture:
            original = np.asarray(picture.convert("RGB"), dtype=int)
        with Image.open(io.BytesIO(index.thumbnail(place))) as small:
            assert small.format == "JPEG"
            assert np.abs(np.asarray(small, dtype=int) - original).mean() < 20


def test_a_set_of_codes_has_no_thumbnails(source, tmp_path):
    maker = encoding.EncoderMaker(*source, None, "cpu", keep_embeddings=False)
    codes = encoding.encode(maker, tmp_path / "set", SilentProgress()).codes
    with pytest.raises(DataError, match="holds no thumbnails"):
        thumbnail(codes.shards[0], 0)


@pytest.mark.parametrize("number", [0, 17, PICTURES - 1])
def test_a_picture_of_the_index_finds_itself(searcher, drawn, number):
    found = searcher("signs").by_picture(drawn(number), PICTURES)
    same = [hit.name for hit in found.hits if hit.distance == 0]  # others may have the same code
    assert any(f"{number:03}-" in name for name in same)
    assert found.encode_seconds > 0
    assert found.scan_seconds > 0


@pytest.mark.parametrize("method", ["signs", "pq", "wsdhq"])
def test_a_picture_finds_what_the_whole_ranking_finds(searcher, drawn, method):
    one = searcher(method)
    found = one.by_picture(drawn(77), 20)
    embedded = one._seen(drawn(77))
    database = joined([shard.codes() for shard in one.index.codes.shards])
    distances = suited(one._method.quantize(embedded), database, embedded)[0]
    order = np.argsort(distances.tile(slice(0, 1))[0], kind="stable")[:20]
    assert [hit.place for hit in found.hits] == order.tolist()
    assert one.distance == distances.name


def test_words_find_pictures_near_what_they_mean(searcher):
    one = searcher("wsdhq")
    found = one.by_words("  Red_BALL ", PICTURES)
    mean = one._method.network.head.tag_mean.numpy()
    aim = embed_tags(["red ball"]).vectors[0] - mean
    database = joined([shard.codes() for shard in one.index.codes.shards]).reconstruct()
    expected = -database @ (aim / np.linalg.norm(aim))
    assert [hit.distance for hit in found.hits] == pytest.approx(np.sort(expected), abs=1e-5)
    assert found.hits[0].distance == pytest.approx(expected[found.hits[0].place], abs=1e-5)


def test_words_that_nobody_knows_are_named(searcher):
    with pytest.raises(DataError, match="words 'qzx', 'xzq' have no vectors in 'glove-6b-50d'"):
        searcher("wsdhq").by_words("red qzx xzq", 5)
    with pytest.raises(DataError, match="there is no word in ' -- '"):
        searcher("wsdhq").by_words(" -- ", 5)


def test_a_method_without_words_says_which_have_some(searcher):
    with pytest.raises(DataError, match="'signs' knows pictures and no words. Expected a picture.*wsdhq"):
        searcher("signs").by_words("red", 5)
    assert searcher("wsdhq").no_words is None


def test_an_interrupted_index_goes_on_where_it_stopped(source, tmp_path, monkeypatch):
    folder, real = tmp_path / "index", encoding.SetWriter.put

    def stop(writer, number, *rest):
        if number == 2:
            raise KeyboardInterrupt
        real(writer, number, *rest)

    monkeypatch.setattr(encoding.SetWriter, "put", stop)
    with pytest.raises(KeyboardInterrupt):
        build_here(source, folder, items=10)
    with pytest.raises(DataError, match="is no index: there is no 'codes.json'"):
        Index.open(folder)
    monkeypatch.setattr(encoding.SetWriter, "put", real)
    assert build_here(source, folder, items=10).done == 11
    assert build_here(source, folder, items=10).done == 0
    build_here(source, tmp_path / "other", items=10)
    stated = [json.loads((path / "codes.json").read_text()) for path in (folder, tmp_path / "other")]
    assert stated[0] == stated[1]


def test_an_index_is_of_a_folder_of_pictures(source, tmp_path):
    run, _ = source
    np.save(tmp_path / "features.npy", np.ones((4, 8), dtype=np.float32))
    with pytest.raises(DataError, match="`hashbench encode` codes features"):
        build_here((run, tmp_path / "features.npy"), tmp_path / "index")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no pictures"):
        build_here((run, tmp_path / "empty"), tmp_path / "index")
    with pytest.raises(ConfigError, match="already holds"):
        build_here(source, tmp_path / "pictures")
    assert not (tmp_path / "index").exists()


def test_an_index_of_damaged_pictures_alone_finds_nothing(source, tmp_path, drawn):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "one.png").write_bytes(b"no picture")
    build_here((source[0], tmp_path / "broken"), tmp_path / "index")
    assert Searcher.open(tmp_path / "index", device="cpu").by_picture(drawn(0), 5).hits == []


def test_what_is_no_index_is_refused(index_of, tmp_path):
    for there in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError, match="is no index: there is no 'codes.json'"):
            Index.open(there)
    shutil.copytree(index_of("signs"), tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / RUN)
    assert len(CodeSet.open(tmp_path / "copy")) == PICTURES
    with pytest.raises(DataError, match="there is no 'run' in it"):
        Index.open(tmp_path / "copy")


def test_a_damaged_index_says_so(index_of, tmp_path, drawn):
    shutil.copytree(index_of("signs"), tmp_path / "copy")
    searcher = Searcher.open(tmp_path / "copy", device="cpu")
    shard = tmp_path / "copy" / "shard-00001.npz"
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(DataError, match=r"shard-00001.npz' cannot be mapped"):
        searcher.by_picture(drawn(0), 5)
    (tmp_path / "copy" / RUN / "model.safetensors").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot take back what it learnt"):
        Searcher.open(tmp_path / "copy", device="cpu")
