"""Arrays of an .npz file are mapped where they lie, and any NumPy reads the same."""

import zipfile

import numpy as np
import pytest

from hashbench.codes.mapped import load_mapped, save_mapped
from hashbench.errors import DataError

ARRAYS = {
    "packed": np.arange(24, dtype=np.uint8).reshape(8, 3),
    "a name of some length, with ü": np.linspace(0, 1, 7, dtype=np.float32),
    "words": np.arange(5, dtype=np.uint64).reshape(5, 1),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "empty": np.zeros((0, 4), dtype=np.uint8),
    "nameless": np.array([], dtype=np.bytes_),
    "one": np.array(3),
    "word": np.array("inner_product"),
    "names": np.array([b"a", b"bcd"]),
}


@pytest.fixture
def file(tmp_path):
    save_mapped(tmp_path / "arrays.npz", ARRAYS)
    return tmp_path / "arrays.npz"


def test_arrays_come_back(file):
    found = load_mapped(file)
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert np.array_equal(found[name], array)


def test_numpy_reads_the_same_file(file):
    with np.load(file, allow_pickle=False) as stored:
        assert all(np.array_equal(stored[name], array) for name, array in ARRAYS.items())


def test_arrays_are_mapped_aligned_and_not_to_be_written(file):
    for name in ("packed", "words", "transposed"):
        array = load_mapped(file)[name]
        assert isinstance(array.base, np.memmap)
        assert array.flags.aligned and not array.flags.writeable
        assert array.ctypes.data % 64 == 0


def test_equal_arrays_give_equal_bytes(file, tmp_path):
    save_mapped(tmp_path / "again.npz", ARRAYS)
    assert file.read_bytes() == (tmp_path / "again.npz").read_bytes()


def test_what_savez_writes_is_mapped_too(tmp_path):
    np.savez(tmp_path / "plain.npz", packed=ARRAYS["packed"])
    assert np.array_equal(load_mapped(tmp_path / "plain.npz")["packed"], ARRAYS["packed"])


def test_large_members_have_their_room(tmp_path):
    many = {f"{number}": np.full(100_000, number) for number in range(4)}
    save_mapped(tmp_path / "many.npz", many)
    found = load_mapped(tmp_path / "many.npz")
    assert all(np.array_equal(found[name], array) for name, array in many.items())


def compressed(path):
    np.savez_compressed(path, packed=np.zeros(9))


def objects(path):
    np.savez(path, allow_pickle=True, things=np.array([{}], dtype=object))


def cut_short(path):
    save_mapped(path, ARRAYS)
    path.write_bytes(path.read_bytes()[:-50])


def overlong(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("packed.npy", b"\x93NUMPY\x01\x00" + b"\x10\x00" + b"{'descr': '|u1'}")


def no_zip(path):
    path.write_text("nothing of the kind")


def nothing(path):
    pass


@pytest.mark.parametrize("make", [compressed, objects, cut_short, overlong, no_zip, nothing])
def test_other_files_are_refused(make, tmp_path):
    make(tmp_path / "file.npz")
    with pytest.raises(DataError, match="cannot be mapped"):
        load_mapped(tmp_path / "file.npz")


def test_an_array_that_claims_more_than_is_there_is_refused(file):
    content = file.read_bytes().replace(b"(8, 3)", b"(9, 9)")
    file.write_bytes(content)
    with pytest.raises(DataError, match="cut short"):
        load_mapped(file)
