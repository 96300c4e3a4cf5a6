"""Labels that other tools wrote, as the ground truth that rankings are scored against.

Q = queries, N = database items, C = labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hashbench.data.array_files import Sides
from hashbench.errors import DataError

LABELS = Sides(
    "labels",
    (
        ("query_labels", "database_labels"),
        ("test_labels", "db_labels"),
        ("qL", "rL"),
        ("query_L", "retrieval_L"),
        ("L_te", "L_db"),
        ("L_tst", "L_trn"),
        ("tst_label", "trn_label"),
        ("testgnd", "traingnd"),
    ),
)


def read_labels(path: Path, query_path: Path | None, keys: Mapping[str, str]) -> tuple[Any, Any]:
    """Labels of queries and database as they are stored; see `Sides.read`."""
    return LABELS.read(path, query_path, keys)


def multi_hot(query: Any, database: Any) -> tuple[Any, Any]:
    """Labels of both sides as 0/1 with a column a label.

    Args:
        query: 0/1 (Q, C), dense or sparse, or class numbers (Q,) or (Q, 1): whole, not negative.
        database: The same kind, of N items.

    Returns:
        (Q, C) and (N, C); for class numbers sparse, with the classes of either side in order.

    Raises:
        DataError: The sides are of different kinds, or a class number is none.

    >>> query, database = multi_hot([7], [[3], [7]])
    >>> query.toarray().tolist(), database.toarray().tolist()
    ([[False, True]], [[True, False], [False, True]])
    """
    sides = _array(query, "query"), _array(database, "database")
    single = [labels.ndim == 1 or (labels.ndim == 2 and labels.shape[1] == 1) for labels in sides]
    if single[0] != single[1]:
        raise DataError(
            f"query labels have shape {sides[0].shape}, database labels {sides[1].shape}. Expected "
            "class numbers in one column on both sides, or a column a label on both."
        )
    return _one_hot(*sides) if single[0] else sides


def _array(labels: Any, side: str) -> Any:
    """Labels as they are, if they are numbers; one sparse column becomes dense."""
    from scipy.sparse import issparse  # noqa: PLC0415 - it loads slowly

    if issparse(labels):
        return labels.tocsr() if labels.shape[1] > 1 else labels.toarray()
    array = np.asarray(labels)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{side} labels are {array.dtype}. Expected numbers.")
    return array


def _one_hot(query: np.ndarray, database: np.ndarray) -> tuple[Any, Any]:
    from scipy.sparse import csr_array  # noqa: PLC0415 - it loads slowly

    for side, numbers in (("query", query), ("database", database)):
        valid = (numbers >= 0) & (numbers == np.floor(numbers))
        if not valid.all():
            raise DataError(
                f"{side} labels hold class number {float(numbers[~valid][0]):g}. "
                "Expected whole numbers, 0 or more."
            )
    classes = np.union1d(query, database)
    rows = [
        csr_array(
            (
                np.ones(labels.size, dtype=np.bool_),
                np.searchsorted(classes, labels.reshape(-1)),
                np.arange(labels.size + 1),
            ),
            shape=(labels.size, len(classes)),
        )
        for labels in (query, database)
    ]
    return rows[0], rows[1]
