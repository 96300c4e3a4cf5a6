"""Random codes of every kind, and runs that hold them, for tests of what is done with codes."""

import numpy as np
from made import QUERIES, add

from hashbench.codes.additive import AdditiveCodes, Similarity
from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.rows import take
from hashbench.codes.scalar import ScalarCodes
from hashbench.codes.set_writer import SetWriter
from hashbench.codes.storage import save_codes
from hashbench.runs.folder import CODES, SPLIT, as_json
from hashbench.runs.store import RunStore

ITEMS, WIDTH, BOOKS = 700, 12, 4
INNER, SQUARED = Similarity.INNER_PRODUCT, Similarity.SQUARED_L2


def codes_of_kind(kind, items=ITEMS):
    """Codes of the queries and of the items, and embeddings of the queries or None."""
    rng = np.random.default_rng(3)
    embeddings = rng.standard_normal((QUERIES, WIDTH)).astype(np.float32)
    similarity = INNER if kind.endswith("inner") else SQUARED
    if kind == "binary":
        return *(BinaryCodes(rng.integers(0, 256, (n, 3), dtype=np.uint8)) for n in (QUERIES, items)), None
    if kind.startswith("float"):
        values = rng.standard_normal((items, WIDTH)).astype(np.float32)
        return FloatCodes(embeddings, similarity), FloatCodes(values, similarity), None
    if kind.startswith("scalar"):
        return *_scalar(kind, items, similarity, rng), embeddings
    words = 16 if "few" in kind else 256
    codebooks = rng.standard_normal((BOOKS, words, WIDTH)).astype(np.float32)
    if kind.startswith("product"):
        own = np.arange(WIDTH) * BOOKS // WIDTH == np.arange(BOOKS)[:, None]
        codebooks *= own[:, None]
    both = [
        AdditiveCodes(rng.integers(0, words, (n, BOOKS), dtype=np.uint8), codebooks, similarity)
        for n in (QUERIES, items)
    ]
    return *both, embeddings


def _scalar(kind, items, similarity, rng):
    offset, step = rng.standard_normal(WIDTH), rng.random(WIDTH) / 100
    factors = rng.random((items, 2)).astype(np.float32) if "factors" in kind else None
    return [
        ScalarCodes(
            rng.integers(0, 256, (n, WIDTH), dtype=np.uint8),
            offset.astype(np.float32),
            step.astype(np.float32),
            WIDTH,
            None if factors is None else np.resize(factors, (n, 2)),
            similarity,
        )
        for n in (QUERIES, items)
    ]


def stored_run(root, kind, items=ITEMS):
    """A run in a store at `root` with codes of that kind; returns its folder."""
    store = RunStore(root)
    query, database, embeddings = codes_of_kind(kind, items)
    add(store, "plain", "none", "hamming", 0.3, bits=database.bits)
    folder = store.folders()[0]
    save_codes(folder / CODES, query, database, embeddings)
    hashes = [f"{place:064x}" for place in range(items)]
    as_json({"query": ["q"] * QUERIES, "database": hashes})(folder / SPLIT)
    return folder


def stored_set(folder, codes, run_id, shards=3):
    """A set of codes in that many shards, as `hashbench encode` leaves it."""
    writer = SetWriter.begin(folder, shards, {"run": run_id})
    for number, rows in enumerate(np.array_split(np.arange(len(codes)), shards)):
        writer.put(number, take(codes, rows), names=[f"picture {row}" for row in rows])
    return writer.finish()


def naive_distances(query, database, embeddings):
    """Every distance (Q, N), from the definitions, in float64; smaller is nearer."""
    if isinstance(database, BinaryCodes):
        return np.bitwise_count(query.packed[:, None] ^ database.packed[None]).sum(axis=2)
    points = database.reconstruct().astype(np.float64)
    queries = query.values if isinstance(query, FloatCodes) else embeddings
    if database.similarity is INNER:
        return -queries.astype(np.float64) @ points.T
    return ((queries[:, None].astype(np.float64) - points[None]) ** 2).sum(axis=2)
