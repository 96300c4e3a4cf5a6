"""Labels of every form become the same ground truth."""

import numpy as np
import pytest
import scipy.sparse

from hashbench.data.label_files import LABELS, multi_hot, read_labels
from hashbench.errors import DataError

QUERY, DATABASE = np.array([4, 0]), np.array([9, 4, 4, 2])


@pytest.mark.parametrize(
    "form",
    [
        lambda numbers: numbers,
        lambda numbers: numbers[:, None],
        lambda numbers: numbers.astype(np.float64)[:, None],
        lambda numbers: scipy.sparse.csc_matrix(numbers[:, None]),
        lambda numbers: numbers.tolist(),
    ],
)
def test_class_numbers_are_those_of_both_sides(form):
    query, database = multi_hot(form(QUERY), form(DATABASE))
    classes = np.array([0, 2, 4, 9])
    assert np.array_equal(query.toarray(), QUERY[:, None] == classes)
    assert np.array_equal(database.toarray(), DATABASE[:, None] == classes)


def test_columns_of_labels_are_kept_as_they_are():
    dense = np.eye(3, dtype=np.uint8)
    sparse = scipy.sparse.coo_matrix(dense)
    query, database = multi_hot(dense, sparse)
    assert query is dense
    assert database.format == "csr" and np.array_equal(database.toarray(), dense)


@pytest.mark.parametrize(
    ("query", "database", "message"),
    [
        ([0, 1], np.eye(3), r"query labels have shape \(2,\), database labels \(3, 3\)"),
        ([0, 1.5], [0, 1], "query labels hold class number 1.5. Expected whole numbers, 0 or more"),
        ([0, 1], [0, -1], "database labels hold class number -1"),
        ([0, np.nan], [0, 1], "query labels hold class number nan"),
        (["cat"], ["dog"], "query labels are <U3. Expected numbers"),
        (np.array([{}]), [0], "query labels are object"),
    ],
)
def test_what_is_no_label(query, database, message):
    with pytest.raises(DataError, match=message):
        multi_hot(query, database)


@pytest.mark.parametrize("pair", LABELS.pairs)
def test_known_names(tmp_path, pair):
    np.savez(tmp_path / "file.npz", **dict(zip(pair, (QUERY, DATABASE), strict=True)))
    query, database = read_labels(tmp_path / "file.npz", None, {})
    assert np.array_equal(query, QUERY) and np.array_equal(database, DATABASE)


def test_a_sparse_file_each(tmp_path):
    for name, rows in (("q.npz", [[1, 0]]), ("d.npz", [[0, 1], [1, 1]])):
        scipy.sparse.save_npz(tmp_path / name, scipy.sparse.csr_matrix(np.array(rows)))
    query, database = read_labels(tmp_path / "d.npz", tmp_path / "q.npz", {})
    assert query.toarray().tolist() == [[1, 0]]
    assert database.toarray().tolist() == [[0, 1], [1, 1]]
