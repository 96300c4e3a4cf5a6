"""Codes as a FAISS index that holds these codes and codebooks: nothing is trained, nothing is coded anew.

Q = queries, N = items, M = codebooks of K words, D = dimensions, k = neighbours.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.storage import Codes, VectorCodes
from hashbench.errors import ConfigError, UnknownNameError
from hashbench.export.check import NEIGHBOURS, recall, same_neighbours
from hashbench.export.exported import Exported, beside, refused, require, require_new
from hashbench.export.source import Source
from hashbench.files import whole_file

# One of FAISS's many, which share no base that says what all can do.
Index: TypeAlias = Any

FLAT, HASH, HNSW = "flat", "hash", "hnsw"
_WORD_BITS = 8
_WORDS = 1 << _WORD_BITS
# A bucket of a hash index holds about this many items, were bits independent; as many bits of its key may
# differ from the query's.
_BUCKET_BITS, _FLIPS = 4, 2
# Neighbours that an item of the graph is linked with (FAISS's default), and how many are kept in a search.
_LINKS, _WIDTH = 32, 4 * NEIGHBOURS


def write_faiss(source: Source, target: Path, kind: str = FLAT) -> Exported:
    """Write an index, and beside it the items' names (`.ids`, a line each) and what it is (`.json`).

    Args:
        source: What is exported.
        target: The index's file.
        kind: `flat`; for binary codes also `hash` or `hnsw`, which are approximate.

    Raises:
        ConfigError: FAISS is missing, has no index for such codes, or a file is there.
        UnknownNameError: There is no such kind.
        DataError: The index finds other items than the suite.
        StoreError: The disk refuses.
    """
    require("faiss", "faiss")
    if kind not in {FLAT, HASH, HNSW}:
        raise UnknownNameError("--index", kind, {FLAT, HASH, HNSW})
    if kind != FLAT and not isinstance(source.alike, BinaryCodes):
        raise ConfigError(f"--index {kind} is for binary codes, and these are {source.alike.KIND}.")
    names, about = beside(target, ".ids"), beside(target, ".json")
    require_new(target, names, about)
    with whole_file(target) as index_file, whole_file(names) as names_file, whole_file(about) as about_file:
        with refused(target):
            description = _write_index(source, kind, index_file)
        with names_file.open("w", encoding="utf-8", newline="\n") as lines:
            for part in source.parts:
                lines.writelines(f"{name}\n" for name in part.names())
        found = _search(source, index_file)
        if kind == FLAT:
            check = same_neighbours(source, found)
        else:
            description["recall"] = recall(source, found)
            check = f"recall@{found.shape[1]} {description['recall']:.3f}, approximate"
        about_file.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return Exported((target, names, about), len(source), check)


def _write_index(source: Source, kind: str, path: Path) -> dict[str, object]:
    """Fill an index part by part and write it; returns what it is."""
    import faiss  # noqa: PLC0415 - loads slowly, and only this needs it

    index = _empty(source, kind)
    for part in source.parts:
        _add(index, part.codes())
    binary = isinstance(source.alike, BinaryCodes)
    (faiss.write_index_binary if binary else faiss.write_index)(index, str(path))
    return {
        "run": source.run_id,
        "codes": source.where,
        "index": type(index).__name__,
        "items": len(source),
        "bits": source.alike.bits,
        "metric": source.metric,
        "query": _how_to_query(source),
        "ids": "line i of the .ids file names the item that a search calls i",
        "faiss": faiss.__version__,
    }


def _how_to_query(source: Source) -> str:
    if source.metric == "hamming":
        return "bits of the query, packed as numpy.packbits packs them: read_index_binary, search"
    nearer = "larger" if source.metric == Similarity.INNER_PRODUCT else "smaller"
    return f"the query's embedding, float32, not quantized: read_index, search; {nearer} is nearer"


def _search(source: Source, path: Path) -> np.ndarray:
    """Places of the nearest items of every query, by the index as it lies on the disk, int64 (Q, k)."""
    import faiss  # noqa: PLC0415

    k = min(NEIGHBOURS, len(source))
    if isinstance(source.query, BinaryCodes):
        _, found = faiss.read_index_binary(str(path)).search(source.query.packed, k)
    else:
        _, found = faiss.read_index(str(path)).search(source.vectors, k)
    return np.asarray(found, dtype=np.int64)


def _add(index: Index, codes: Codes) -> None:
    if isinstance(codes, BinaryCodes):
        index.add(np.ascontiguousarray(codes.packed))
    elif isinstance(codes, FloatCodes):
        index.add(np.ascontiguousarray(codes.values))
    else:
        own = codes.indices if isinstance(codes, AdditiveCodes) else codes.packed
        index.add_sa_codes(np.ascontiguousarray(own))


def _empty(source: Source, kind: str) -> Index:
    """An index without items, trained by what the codes share."""
    import faiss  # noqa: PLC0415

    index: Index
    codes = source.alike
    if isinstance(codes, BinaryCodes):
        return _binary(codes.bits, len(source), kind)
    metric = _metric(codes)
    if isinstance(codes, FloatCodes):
        return faiss.IndexFlat(codes.values.shape[1], metric)
    if isinstance(codes, ScalarCodes):
        return _scalar(codes)
    width = codes.codebooks.shape[2]
    slices = product_codebooks(codes.codebooks)
    if slices is not None:
        index = faiss.IndexPQ(width, len(slices), _WORD_BITS, metric)
        _copy(slices, index.pq.centroids)
    else:
        # Lengths are summed anew for each pair: FAISS's look-up tables would need them stored, 1 to 4
        # bytes an item.
        inner = codes.similarity is Similarity.INNER_PRODUCT
        searches: Any = faiss.AdditiveQuantizer
        how = searches.ST_LUT_nonorm if inner else searches.ST_decompress
        new: Any = faiss.IndexLocalSearchQuantizer
        index = new(width, len(codes.codebooks), _WORD_BITS, metric, how)
        _copy(_filled(codes.codebooks), index.lsq.codebooks)
        index.lsq.is_trained = True
    index.is_trained = True
    return index


def _binary(bits: int, items: int, kind: str) -> Index:
    import faiss  # noqa: PLC0415

    index: Index
    if kind == HASH:
        key = int(np.clip(items.bit_length() - _BUCKET_BITS, 1, bits))
        index = faiss.IndexBinaryHash(bits, key)
        index.nflip = min(_FLIPS, key)
        return index
    if kind == HNSW:
        index = faiss.IndexBinaryHNSW(bits, _LINKS)
        index.hnsw.efSearch = _WIDTH
        return index
    return faiss.IndexBinaryFlat(bits)


def _scalar(codes: ScalarCodes) -> Index:
    """FAISS's scalar quantizer of 8 bits a dimension.

    Raises:
        ConfigError: Items have factors of their own, or one bit a dimension.
    """
    import faiss  # noqa: PLC0415

    if codes.factors is not None or codes.packed.shape[1] != codes.width:
        raise ConfigError(
            "--to faiss: scalar codes of one bit a dimension, or with factors for each item, have no index "
            "of the same distances in FAISS. Expected binary, additive, float or plain 8-bit codes."
        )
    index = faiss.IndexScalarQuantizer(codes.width, faiss.ScalarQuantizer.QT_8bit, _metric(codes))
    # FAISS keeps lowest ends and extents, and reconstructs a level by its middle.
    step, offset = (np.broadcast_to(shared, codes.width) for shared in (codes.step, codes.offset))
    _copy(np.concatenate([offset - step / 2, step * np.float32(255)]), index.sq.trained)
    index.is_trained = True
    return index


def _metric(codes: VectorCodes) -> int:
    import faiss  # noqa: PLC0415

    inner = codes.similarity is Similarity.INNER_PRODUCT
    return int(faiss.METRIC_INNER_PRODUCT if inner else faiss.METRIC_L2)


def _copy(values: np.ndarray, target: object) -> None:
    """Put float32 numbers into a vector of FAISS's."""
    import faiss  # noqa: PLC0415

    faiss.copy_array_to_vector(np.ascontiguousarray(values, dtype=np.float32).ravel(), target)


def product_codebooks(codebooks: np.ndarray) -> np.ndarray | None:
    """The slices of codebooks (M, K, D) of which each is zero outside of its own: (M, 256, D / M).

    None where they are no such codebooks, or not in order.
    """
    books, _, width = codebooks.shape
    if width % books:
        return None
    own = np.repeat(np.arange(books), width // books)
    inside = own[None, :] == np.arange(books)[:, None]
    used = np.any(codebooks != 0, axis=1)
    if (used & ~inside).any():
        return None
    slices = [book[:, mine] for book, mine in zip(codebooks, inside, strict=True)]
    return _filled(np.stack(slices))


def _filled(codebooks: np.ndarray) -> np.ndarray:
    """Codebooks with 256 words each, so that FAISS, too, stores a byte a codebook; nobody uses the last."""
    missing = _WORDS - codebooks.shape[1]
    return np.pad(codebooks, ((0, 0), (0, missing), (0, 0)))
