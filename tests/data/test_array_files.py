"""Arrays come out of every kind of file as they went in."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import scipy.sparse
from safetensors.numpy import save_file

from hashbench.data.array_files import UNNAMED, ArrayFile, Sides
from hashbench.errors import DataError, UnknownNameError

ARRAY = np.arange(12.0).reshape(4, 3)
OTHER = np.eye(3, dtype=np.uint8)
SIDES = Sides("codes", (("query_codes", "database_codes"), ("qB", "rB"), ("B", "rB")))


def matlab73(path, **arrays):
    """Write what MATLAB writes with -v7.3: HDF5 behind a header of 512 bytes, axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            if scipy.sparse.issparse(array):
                columns = array.tocsc()
                group = file.create_group(name)
                group.attrs["MATLAB_sparse"] = np.uint64(array.shape[0])
                group["data"], group["ir"], group["jc"] = columns.data, columns.indices, columns.indptr
            elif array.dtype == object:
                cells = [
                    file.create_dataset(f"#refs#/{name}{n}", data=[[ord(letter)] for letter in word])
                    for n, word in enumerate(array)
                ]
                file[name] = np.array([[cell.ref for cell in cells]], dtype=h5py.ref_dtype)
                file[name].attrs["MATLAB_class"] = np.bytes_("cell")
            elif array.size:
                file[name] = array.T
            else:
                file[name] = np.array(array.shape, dtype=np.uint64)
                file[name].attrs["MATLAB_empty"] = np.uint8(1)
        file.require_group("#refs#")
        file.create_group("settings")["seed"] = 1
    content = bytearray(path.read_bytes())
    content[:19] = b"MATLAB 7.3 MAT-file"
    path.write_bytes(content)


def npz(path, **arrays):
    np.savez(path, **arrays, settings=np.array({"seed": 1}, dtype=object))


def matlab5(path, **arrays):
    scipy.io.savemat(path, {**arrays, "settings": {"seed": 1}})


WRITERS = {"npz": (npz, ".npz"), "v5": (matlab5, ".mat"), "v7.3": (matlab73, ".mat")}


@pytest.fixture(params=WRITERS.values(), ids=WRITERS)
def written(request, tmp_path):
    """Write named arrays to a file of some kind; the file also holds something that is no array."""
    write, suffix = request.param

    def call(**arrays):
        write(tmp_path / f"file{suffix}", **arrays)
        return tmp_path / f"file{suffix}"

    return call


def test_named_arrays_of_every_kind(written):
    file = ArrayFile.open(written(a=ARRAY, b=OTHER))
    assert set(file.loaders) == {"a", "b", "settings"}
    for name, array in (("a", ARRAY), ("b", OTHER)):
        assert np.array_equal(file.read(name), array)
        assert file.read(name).dtype == array.dtype


def test_what_is_not_asked_for_is_not_read(tmp_path):
    npz(tmp_path / "file.npz", a=ARRAY)
    file = ArrayFile.open(tmp_path / "file.npz")
    assert np.array_equal(file.read("a"), ARRAY)
    with pytest.raises(DataError, match="file.npz' cannot be read .it is damaged or holds Python objects"):
        file.read("settings")


def test_an_array_without_a_name(tmp_path):
    np.save(tmp_path / "file.npy", ARRAY)
    assert np.array_equal(ArrayFile.open(tmp_path / "file.npy").read(UNNAMED), ARRAY)


def test_an_array_of_a_file_of_its_own_is_mapped(tmp_path):
    np.save(tmp_path / "file.npy", ARRAY)
    found = ArrayFile.open(tmp_path / "file.npy").read(UNNAMED)
    assert isinstance(found, np.memmap) and not found.flags.writeable


@pytest.mark.parametrize("rows", [1, 3, 4, 100])
def test_blocks_are_the_rows_in_order(written, monkeypatch, rows):
    monkeypatch.setattr("hashbench.data.array_kinds._BLOCK_BYTES", rows * ARRAY[0].nbytes)
    blocks = list(ArrayFile.open(written(a=ARRAY)).blocks("a"))
    assert [len(block) for block in blocks] == [min(rows, 4 - start) for start in range(0, 4, rows)]
    assert np.array_equal(np.concatenate(blocks), ARRAY)


@pytest.mark.parametrize("order", ["C", "F"])
def test_members_in_any_order_of_axes(tmp_path, order):
    np.savez(tmp_path / "file.npz", a=np.array(ARRAY, order=order), b=np.array(3))
    file = ArrayFile.open(tmp_path / "file.npz")
    assert np.array_equal(np.concatenate(list(file.blocks("a"))), ARRAY)
    assert np.concatenate(list(file.blocks("b"))).tolist() == [3]


def test_tensors_of_safetensors(tmp_path):
    save_file({"a": ARRAY, "b": OTHER}, tmp_path / "file.safetensors")
    file = ArrayFile.open(tmp_path / "file.safetensors")
    assert np.array_equal(file.read("a"), ARRAY) and np.array_equal(next(file.blocks("b")), OTHER)


@pytest.mark.parametrize("rows", [2, 100])
def test_columns_of_parquet(tmp_path, rows):
    columns = {
        "numbers": [3, 1, 2],
        "vectors": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2)),
        "words": pa.array(["a", None, "b"]).dictionary_encode(),
        "lists": [["a", "b"], [], None],
    }
    pq.write_table(pa.table(columns), tmp_path / "file.parquet", row_group_size=rows)
    file = ArrayFile.open(tmp_path / "file.parquet")
    assert file.read("numbers").tolist() == [3, 1, 2]
    assert file.read("vectors").dtype == np.float32 and file.read("vectors").tolist() == [[1, 2]] * 3
    assert file.read("words") == ["a", "", "b"] and file.read("lists") == [("a", "b"), (), ()]


@pytest.mark.parametrize("write", [matlab5, matlab73])
def test_words_of_matlab(tmp_path, write):
    write(tmp_path / "file.mat", a=np.array(["sea", "sky"], dtype=object))
    assert ArrayFile.open(tmp_path / "file.mat").read("a").tolist() == ["sea", "sky"]


def test_a_member_that_is_longer_or_shorter_than_its_shape(tmp_path):
    stream = io.BytesIO()
    np.save(stream, ARRAY)
    for content in (stream.getvalue() + b"more", stream.getvalue()[:-1]):
        with zipfile.ZipFile(tmp_path / "file.npz", "w") as archive:
            archive.writestr("a.npy", content)
        with pytest.raises(DataError, match="file.npz'"):
            list(ArrayFile.open(tmp_path / "file.npz").blocks("a"))


def test_sparse_indices_are_not_trusted(tmp_path):
    np.savez(
        tmp_path / "file.npz",
        format=np.array("csc"),
        shape=np.array([2, 2]),
        data=np.ones(2),
        indices=np.array([0, 10**9], dtype=np.int32),
        indptr=np.array([0, 1, 2], dtype=np.int32),
    )
    with pytest.raises(DataError, match="cannot be read"):
        ArrayFile.open(tmp_path / "file.npz").read(UNNAMED)


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_sparse_files(tmp_path, kind):
    scipy.sparse.save_npz(tmp_path / "file.npz", scipy.sparse.csr_array(ARRAY).asformat(kind))
    found = ArrayFile.open(tmp_path / "file.npz").read(UNNAMED)
    assert found.format == "csr" and np.array_equal(found.toarray(), ARRAY)


@pytest.mark.parametrize("write", [matlab5, matlab73])
def test_sparse_and_empty_variables(tmp_path, write):
    path = tmp_path / "file.mat"
    write(path, a=scipy.sparse.csc_matrix(ARRAY), b=np.zeros((0, 4)))
    found = ArrayFile.open(path).read("a")
    assert found.format == "csr" and np.array_equal(found.toarray(), ARRAY)
    assert ArrayFile.open(path).read("b").shape == (0, 4)


def test_a_struct_is_no_array(tmp_path):
    matlab73(tmp_path / "file.mat", a=ARRAY)
    with pytest.raises(DataError, match="'settings' is a struct. Expected an array"):
        ArrayFile.open(tmp_path / "file.mat").read("settings")


def test_pickles_are_not_opened(tmp_path):
    np.save(tmp_path / "file.npy", np.array([{}], dtype=object))
    with pytest.raises(DataError, match="it is damaged or holds Python objects"):
        ArrayFile.open(tmp_path / "file.npy")


@pytest.mark.parametrize(
    "content", [b"", b"no array", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"]
)
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".mat", ".parquet", ".safetensors"])
def test_damaged_files(tmp_path, suffix, content):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"file{suffix}' cannot be read"):
        ArrayFile.open(path)


def test_truncated_files(written):
    path = written(a=np.random.default_rng(0).random((200, 50)))
    whole = path.read_bytes()
    for share in (0.3, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match="cannot be read"):
            ArrayFile.open(path).read("a")


def test_files_that_are_not_there_or_of_another_kind(tmp_path):
    with pytest.raises(DataError, match="'/nowhere.npy': there is no such file"):
        ArrayFile.open(Path("/nowhere.npy"))
    (tmp_path / "codes.txt").touch()
    with pytest.raises(DataError, match="of unknown kind. Expected .npy, .npz, .mat"):
        ArrayFile.open(tmp_path / "codes.txt")


def test_both_sides_by_their_known_names(written):
    query, database = SIDES.read(written(qB=OTHER, rB=ARRAY), None, {})
    assert np.array_equal(query, OTHER) and np.array_equal(database, ARRAY)


def test_both_sides_by_the_names_given(written):
    path = written(qB=OTHER, rB=ARRAY, mine=OTHER + 1)
    query, database = SIDES.read(path, None, {"query_codes": "mine"})
    assert np.array_equal(query, OTHER + 1) and np.array_equal(database, ARRAY)
    with pytest.raises(UnknownNameError, match="unknown array of file.* 'mime'. Did you mean 'mine'?"):
        SIDES.read(path, None, {"query_codes": "mime"})


def test_a_file_each(tmp_path):
    np.save(tmp_path / "q.npy", OTHER)
    np.savez(tmp_path / "d.npz", rB=ARRAY, more=OTHER)
    for keys in ({}, {"database_codes": "rB"}):
        query, database = SIDES.read(tmp_path / "d.npz", tmp_path / "q.npy", keys)
        assert np.array_equal(query, OTHER) and np.array_equal(database, ARRAY)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"a": ARRAY, "b": OTHER},
            "holds a, b. Expected query_codes and database_codes: name the arrays with --key "
            "query_codes=ARRAY --key database_codes=ARRAY, or give the queries' file with --query-codes.",
        ),
        ({"rB": ARRAY}, "holds rB. Expected query_codes and database_codes"),
        ({"qB": OTHER, "B": OTHER, "rB": ARRAY}, "holds B, qB, rB. Which pair is meant is not clear"),
        ({}, "holds no array. Expected query_codes"),
    ],
)
def test_sides_that_are_not_clear(tmp_path, arrays, message):
    np.savez(tmp_path / "file.npz", **arrays)
    with pytest.raises(DataError) as refused:
        SIDES.read(tmp_path / "file.npz", None, {})
    assert message in str(refused.value)


def test_a_side_that_is_not_clear(tmp_path):
    np.savez(tmp_path / "d.npz", a=ARRAY, b=ARRAY)
    np.save(tmp_path / "q.npy", OTHER)
    with pytest.raises(
        DataError, match="holds a, b. Expected one array; name it with --key database_codes="
    ):
        SIDES.read(tmp_path / "d.npz", tmp_path / "q.npy", {})
    with pytest.raises(DataError, match="q.npy' holds one array without a name. Expected query_codes and"):
        SIDES.read(tmp_path / "q.npy", None, {})


def test_a_bomb_in_an_npz_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_BZIP2) as archive:
        content = io.BytesIO()
        np.save(content, np.zeros(1_000_000, dtype=np.uint8))
        archive.writestr("a.npy", content.getvalue())
    with pytest.raises(DataError, match=r"bomb.npz', member 'a.npy'"):
        ArrayFile.open(tmp_path / "bomb.npz")


def test_a_cell_that_refers_to_another_file_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(b"T\0O\0P\0")
    with h5py.File(tmp_path / "cells.mat", "w", userblock_size=512) as file:
        outside = file.create_dataset(
            "#refs#/a", (3, 1), np.uint16, external=[(str(tmp_path / "secret"), 0, 6)]
        )
        cells = file.create_dataset("words", (1, 1), h5py.ref_dtype)
        cells[0, 0] = outside.ref
        cells.attrs["MATLAB_class"] = np.bytes_("cell")
    with pytest.raises(DataError, match="a cell of 'words' is a link"):
        ArrayFile.open(tmp_path / "cells.mat").read("words")


def test_columns_of_parquet_with_dots_in_their_names(tmp_path):
    columns = {"a": [1, 2], "a.b": [3, 4], "c.d": [[5.0], [6.0]]}
    pq.write_table(pa.table(columns), tmp_path / "dots.parquet")
    file = ArrayFile.open(tmp_path / "dots.parquet")
    assert [file.read(name).reshape(-1).tolist() for name in columns] == [[1, 2], [3, 4], [5, 6]]
