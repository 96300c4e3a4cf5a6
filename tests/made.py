"""A small store whose every number is made up, and never changes: for tables, pages and statistics.

Two tag protocols, three budgets of one of them, six methods of every kind of supervision, seeds, other
settings, several levels of noise, and a run that failed.
"""

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.metrics.presets import CURVE, PRESETS, RANKS, SUITE
from hashbench.metrics.score import CHANCE
from hashbench.runs.failure import Failure
from hashbench.runs.folder import RunOutput
from hashbench.runs.record import Cost, RunRecord
from hashbench.runs.spec import RunSpec
from hashbench.runs.store import RunStore

QUERIES, DATABASE = 40, 500
# Name, supervision, distance, mAP at 32 bits with all tags.
METHODS = (
    ("plain", "none", "hamming", 0.26),
    ("blocks", "none", "aqd", 0.27),
    ("typed", "tags", "aqd", 0.50),
    ("typed-too", "tags", "hamming", 0.49),
    ("found", "web", "hamming", 0.31),
    ("told", "labels", "hamming", 0.70),
)
NOTICE = "toys, split 'test': 1 of 40 queries has nearly the same picture as a training image."
ENVIRONMENT = {
    "python": "3.11.7",
    "packages": {"hashbench": "0.1.0", "numpy": "2.4.6", "torch": "2.15.0"},
    "platform": "Linux",
    "processor": "a processor",
    "cores": 2,
    "threads": 2,
    "runs at once": 1,
    "device": "cpu",
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "modified": False,
}


def made_store(root):
    """Fill a store; returns it."""
    store = RunStore(root)
    for name, supervision, distance, level in METHODS:
        for bits in (16, 32, 64):
            for seed in (0, 1, 2) if bits == 32 else (0,):
                add(
                    store,
                    name,
                    supervision,
                    distance,
                    level + 0.02 * np.log2(bits / 32),
                    bits=bits,
                    seed=seed,
                )
        add(store, name, supervision, distance, 0.85 * level, protocol="tags-no-label-words")
        if supervision == "tags":
            for kind in ("missing", "random"):
                for step in (0.4, 0.8):
                    add(store, name, supervision, distance, level * (1 - 0.4 * step), noise=(kind, step))
    add(store, "plain", "none", "hamming", 0.2, variant="iterations=5", config={"iterations": 5})
    spec = made_spec("broken", "none", bits=32)
    store.fail(
        Failure(
            run_id=spec.run_id(),
            spec=spec.as_json(),
            supervision="none",
            error="ValueError: it does not fit",
            traceback="Traceback (most recent call last): ...",
            log=["training"],
            finished="2026-11-21T12:00:00+00:00",
            environment=ENVIRONMENT,
        )
    )
    return store


def made_spec(name, supervision, *, bits=32, seed=0, protocol="tags", noise=None, config=None):
    """A run's identity."""
    damage = {"kind": noise[0], "level": noise[1], "seed": 0, "version": 1} if noise else None
    return RunSpec(
        method={"name": name, "version": 1, "config": {"iterations": 50} | (config or {}), "sources": {}},
        bits=bits,
        dataset={
            "name": "toys",
            "images": "a" * 64,
            "labels": "b" * 64,
            "truth": "labels",
            "tags": "typed",
        },
        split={"name": "test", "fingerprint": "c" * 64},
        protocol={"name": protocol, "version": 1, "vocabulary": None, "noise": damage},
        web={"name": "stickers", "fingerprint": "d" * 64} if supervision == "web" else None,
        backbone={"name": "small_net", "version": 1, "weights": "e" * 64, "transform": "centre"},
        seed=seed,
    )


def add(store, name, supervision, distance, level, *, variant="", random=True, **coordinates):
    """Make a run up and store it."""
    spec = made_spec(name, supervision, **coordinates)
    # Queries differ more than methods do, and alike for all methods.
    hard = np.random.default_rng(7).normal(0, 0.15, QUERIES)
    own = np.random.default_rng(int(spec.key()[:8], 16)).normal(0, 0.01, QUERIES)
    ap = np.clip(level + hard + own, 0.01, 0.99)
    columns = {"query": np.array([f"picture {number:02d}" for number in range(QUERIES)])}
    scores = {}
    for shown in [distance, "feature"] if distance == "aqd" else [distance]:
        scores[shown], more = made_scores(shown, ap)
        columns |= more
    record = RunRecord(
        spec=spec,
        supervision=supervision,
        variant=variant,
        primary=distance,
        scores=scores,
        presets={key: preset.as_json() for key, preset in PRESETS.items()},
        code_statistics={"entropy": 0.9},
        sizes={"query": QUERIES, "database": DATABASE, "train": DATABASE}
        | ({"tags": 120} if supervision == "tags" else {}),
        notices=[NOTICE],
        damaged={},
        cost=Cost(
            train_seconds=10 * level + spec.bits / 64,
            train_bytes=50 * 2**20,
            encode_seconds=0.01,
            search_seconds=dict.fromkeys(scores, QUERIES / 1e5),
            code_bytes=spec.bits // 8,
            embedding_bytes=400,
            codebook_bytes=102_400 if distance == "aqd" else 0,
            model_bytes=500_000,
            trained_parameters=12_345,
        ),
        finished="2026-11-21T12:00:00+00:00",
        random=random,
        environment=ENVIRONMENT,
    )
    store.add(record, made_output(spec, columns, supervision))


def made_scores(distance, ap):
    """Mean scores under every preset, and the columns of a query each."""
    suite = {metric: float(ap.mean()) for metric in SUITE.metrics}
    for end, shift in (("pessimistic", -0.01), ("optimistic", 0.01)):
        suite |= {f"map@{k}/{end}": float(ap.mean() + shift) for k in ("5000", "all")}
    means = {SUITE.name: suite | {CHANCE: 0.15}}
    columns = {f"{distance}.{metric}": ap for metric in SUITE.metrics}
    for name, preset in PRESETS.items():
        if name != SUITE.name:
            means[name] = {metric: float(ap.mean()) for metric in preset.metrics} | {CHANCE: 0.15}
            columns |= {f"{name}:{distance}.{metric}": ap for metric in preset.metrics}
    means[CURVE.name] = {CHANCE: 0.15}
    for rank in RANKS:
        means[CURVE.name] |= {
            f"precision@{rank}": float(ap.mean() / (1 + rank / DATABASE)),
            f"recall@{rank}": float(min(1, rank / DATABASE * (1 + ap.mean()))),
        }
    return means, columns


def made_output(spec, columns, supervision):
    """Codes, history and what queries find."""
    rng = np.random.default_rng(spec.seed)
    history = [
        {
            "phase": "gradient steps",
            "iteration": 10 * epoch,
            "epoch": epoch,
            "loss": 2.0 / epoch,
            "learning rate": 0.001,
        }
        for epoch in range(1, 6)
    ]
    retrieval = [
        {
            "query": f"picture {number:02d}",
            "found": [f"item {(number * 7 + place) % DATABASE:03d}" for place in range(10)],
            "relevant": [(number + place) % 3 == 0 for place in range(10)],
        }
        for number in (0, 8, 16, 23, 31, 39)
    ]
    return RunOutput(
        query=BinaryCodes(rng.integers(0, 256, (QUERIES, spec.bits // 8), dtype=np.uint8)),
        database=BinaryCodes(rng.integers(0, 256, (DATABASE, spec.bits // 8), dtype=np.uint8)),
        query_embeddings=None,
        state={"weights": np.arange(4, dtype=np.float32)},
        per_query=columns,
        retrieval={"distance": "hamming", "queries": retrieval},
        split={"name": "test", "query": ["q"], "database": ["d"], "train": ["d"]},
        history=[] if supervision == "none" else history,
        log=["training", "done"],
    )
