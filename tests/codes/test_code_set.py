"""A folder of codes: what goes in comes out, whole, resumed, or refused."""

import json

import numpy as np
import pytest

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.code_set import MANIFEST, CodeSet
from hashbench.codes.floats import FloatCodes
from hashbench.codes.rows import joined, take
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.set_writer import SetWriter
from hashbench.errors import ConfigError, DataError, StoreError

RNG = np.random.default_rng(0)
ITEMS, SHARDS = 10, 3
ABOUT = {"run": "lsh_16b"}


def some(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


CODES = {
    "binary": BinaryCodes(RNG.integers(0, 256, (ITEMS, 2), dtype=np.uint8)),
    "additive": AdditiveCodes(
        RNG.integers(0, 4, (ITEMS, 2), dtype=np.uint8), some(2, 4, 5), Similarity.SQUARED_L2
    ),
    "scalar": ScalarCodes(
        RNG.integers(0, 256, (ITEMS, 5), dtype=np.uint8),
        some(5),
        some(1),
        5,
        some(ITEMS, 2),
        Similarity.INNER_PRODUCT,
    ),
    "float": FloatCodes(some(ITEMS, 5), Similarity.INNER_PRODUCT),
}
PLACES = [slice(0, 4), slice(4, 8), slice(8, 10)]


@pytest.fixture(params=CODES)
def codes(request):
    return CODES[request.param]


def equal(one, other):
    assert one.KIND == other.KIND
    assert one.arrays().keys() == other.arrays().keys()
    return all(np.array_equal(array, other.arrays()[name]) for name, array in one.arrays().items())


def write(folder, codes, parts=range(SHARDS), about=ABOUT, **options):
    writer = SetWriter.begin(folder, SHARDS, about)
    for number in parts:
        place = PLACES[number]
        given = {name: value[place] for name, value in options.items()}
        writer.put(number, take(codes, place), **given)
    return writer


def test_codes_come_back_shard_by_shard(codes, tmp_path):
    found = write(tmp_path / "set", codes).finish()
    assert (len(found), found.kind, found.bits) == (ITEMS, codes.KIND, codes.bits)
    assert [shard.first for shard in found.shards] == [0, 4, 8]
    assert equal(joined([shard.codes() for shard in found.shards]), codes)
    assert found.about == ABOUT and list(found.damaged()) == []


def test_names_and_embeddings_are_kept(codes, tmp_path):
    names = [f"folder/bild ü {number}.jpg" for number in range(ITEMS)]
    embeddings = some(ITEMS, 3)
    found = write(tmp_path / "set", codes, names=names, embeddings=embeddings).finish()
    assert [found.name(place) for place in range(ITEMS)] == names
    assert np.array_equal(np.concatenate([one.embeddings() for one in found.shards]), embeddings)


def test_items_without_names_are_called_by_their_places(codes, tmp_path):
    found = write(tmp_path / "set", codes).finish()
    assert [found.name(place) for place in (0, 3, 4, 9)] == ["0", "3", "4", "9"]
    assert found.shards[0].embeddings() is None


def test_writing_goes_on_where_it_was_left(tmp_path):
    codes = CODES["binary"]
    whole = write(tmp_path / "whole", codes).finish()
    write(tmp_path / "set", codes, parts=[1])
    writer = write(tmp_path / "set", codes, parts=[])
    assert writer.missing() == [0, 2]
    found = write(tmp_path / "set", codes, parts=[2, 0]).finish()
    for name in ("codes.json", "shared.npz", *(shard.path.name for shard in whole.shards)):
        assert (found.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert sorted(path.name for path in found.folder.iterdir()) == sorted(
        path.name for path in whole.folder.iterdir()
    )


def test_what_is_finished_stays(tmp_path):
    first = write(tmp_path / "set", CODES["binary"]).finish()
    again = SetWriter.begin(tmp_path / "set", SHARDS, ABOUT)
    assert again.missing() == [] and again.finish().shards == first.shards


def test_nothing_is_written_before_the_first_shard(tmp_path):
    SetWriter.begin(tmp_path / "set", SHARDS, ABOUT)
    SetWriter.begin(tmp_path / "set", SHARDS + 1, {})
    assert list((tmp_path / "set").iterdir()) == []


def other_about(folder):
    return SetWriter.begin(folder, SHARDS, {"run": "other"})


def other_shards(folder):
    return SetWriter.begin(folder, SHARDS + 1, ABOUT)


@pytest.mark.parametrize("content", ["[1]", "{}", "3", '{"shards": 2}', "no JSON"])
def test_somebody_elses_manifest_is_left_alone(content, tmp_path):
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(ConfigError, match="holds other codes"):
        SetWriter.begin(tmp_path, SHARDS, ABOUT)
    assert (tmp_path / MANIFEST).read_text() == content


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("begin", [other_about, other_shards])
def test_other_codes_are_not_mixed_in(finished, begin, tmp_path):
    writer = write(tmp_path / "set", CODES["binary"])
    if finished:
        writer.finish()
    with pytest.raises(ConfigError, match="holds other codes"):
        begin(tmp_path / "set")


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ConfigError, match=r"already holds 'letter\.txt'"):
        SetWriter.begin(tmp_path, SHARDS, ABOUT)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_shards_of_other_codebooks_are_refused(tmp_path):
    codes = CODES["additive"]
    writer = write(tmp_path / "set", codes, parts=[0])
    other = AdditiveCodes(codes.indices[PLACES[1]], codes.codebooks + 1, codes.similarity)
    with pytest.raises(StoreError, match="other codebooks"):
        writer.put(1, other)
    assert writer.missing() == [1, 2]


def test_an_unfinished_set_is_not_finished_nor_opened(tmp_path):
    writer = write(tmp_path / "set", CODES["binary"], parts=[0, 2])
    with pytest.raises(StoreError, match="lacks shard 1 of 3"):
        writer.finish()
    with pytest.raises(DataError, match="no set of codes"):
        CodeSet.open(tmp_path / "set")


def test_damage_is_found(tmp_path):
    found = write(tmp_path / "set", CODES["binary"]).finish()
    content = bytearray(found.shards[0].path.read_bytes())
    content[200] ^= 1
    found.shards[0].path.write_bytes(content)
    found.shards[1].path.unlink()
    assert [name for name, _ in found.damaged()] == ["shard-00000.npz", "shard-00001.npz"]


def change(**values):
    return lambda stated: stated | values


@pytest.mark.parametrize(
    "edit",
    [change(format=2), change(shards=3), change(about=None), lambda _: [], lambda _: {"kind": "binary"}],
)
def test_a_manifest_of_another_kind_is_refused(edit, tmp_path):
    write(tmp_path / "set", CODES["binary"]).finish()
    path = tmp_path / "set" / MANIFEST
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))
    with pytest.raises(DataError, match="no set of codes"):
        CodeSet.open(tmp_path / "set")


def test_a_shard_with_other_codes_than_stated_is_refused(tmp_path):
    write(tmp_path / "set", CODES["binary"]).finish()
    path = tmp_path / "set" / MANIFEST
    stated = json.loads(path.read_text())
    for edit in ({"kind": "additive"}, {"kind": "other"}, {"shards": dict.fromkeys(stated["shards"], 9)}):
        path.write_text(json.dumps(stated | edit))
        with pytest.raises(DataError):
            CodeSet.open(tmp_path / "set").shards[0].codes()
