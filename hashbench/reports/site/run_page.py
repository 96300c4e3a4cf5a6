"""The page of one run: what it found, what it scored and cost, and how it can be made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hashbench.metrics.presets import CURVE, MetricPreset
from hashbench.reports.comparison import heading
from hashbench.reports.leaderboard import main_metric
from hashbench.reports.run_sheet import flat
from hashbench.reports.site.drawings import Drawing
from hashbench.reports.site.pictures import SIDE, Pictures
from hashbench.reports.site.render import file_name, number, page, seconds, size
from hashbench.runs.folder import HASHES, HISTORY, RETRIEVAL, read_json
from hashbench.runs.record import RunRecord
from hashbench.tags.noise import noise_in_words

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class RunFiles:
    """What a run's folder holds besides its record; empty where it holds none.

    Attributes:
        retrieval: What some queries find.
        history: Points of its learning curves.
        hashes: SHA-256 of each file.
    """

    retrieval: dict[str, Any]
    history: list[dict[str, Any]]
    hashes: dict[str, str]

    @classmethod
    def of(cls, record: RunRecord) -> RunFiles:
        """Read them.

        Raises:
            StoreError: One is damaged.
        """
        folder = record.folder
        retrieval, history, hashes = (
            read_json(folder, name) if folder and (folder / name).is_file() else empty
            for name, empty in ((RETRIEVAL, {}), (HISTORY, []), (HASHES, {}))
        )
        return cls(retrieval, history, hashes)

    def pictured(self) -> list[str]:
        """The images that the page shows, by id."""
        return [
            image
            for query in self.retrieval.get("queries", ())
            for image in (query["query"], *query["found"])
        ]


def run_page(
    record: RunRecord, files: RunFiles, pictures: Pictures, charts: Sequence[Drawing], preset: MetricPreset
) -> bytes:
    """The page's HTML.

    Args:
        record: The run.
        files: What its folder holds.
        pictures: Thumbnails of its data set.
        charts: Its curves.
        preset: How the leaderboard scores.
    """
    spec = record.spec
    run_id = spec.run_id()
    return page(
        "run",
        root="../",
        here="run",
        title=f"{spec.method['name']}, {spec.bits} bits, {spec.dataset['name']}",
        run_id=run_id,
        method=spec.method["name"],
        method_page=file_name(spec.method["name"]),
        bits=spec.bits,
        variant=record.variant,
        lead=_lead(record),
        facts=_facts(record, preset),
        notices=record.notices,
        queries=_queries(files.retrieval, pictures),
        distance=files.retrieval.get("distance", ""),
        lacking=pictures.lacking,
        side=SIDE,
        distances=list(record.scores),
        primary=record.primary,
        preset=preset.name,
        scores=_scores(record, preset),
        charts=charts,
        sheets=list(_sheets(record)),
        files=sorted(files.hashes.items()),
    )


def _lead(record: RunRecord) -> str:
    spec = record.spec
    teacher = f"learns from {record.supervision if record.supervision != 'none' else 'nothing'}"
    noise = spec.protocol["noise"]
    return (
        f"On {spec.dataset['name']}, split {spec.split['name']}, with tag protocol {spec.protocol['name']}"
        f"{f' and noise {noise_in_words(noise)}' if noise else ''}; {teacher}; seed {spec.seed}."
    )


def _facts(record: RunRecord, preset: MetricPreset) -> Pairs:
    """The few numbers that matter most."""
    metrics, main, cost = record.metrics(preset.name), main_metric(preset), record.cost
    ends = [metrics[name] for name in (f"{main}/pessimistic", f"{main}/optimistic") if name in metrics]
    shown = [name for name in preset.metrics if name.startswith("precision@")][:1]
    return [
        (heading(main), number(metrics[main])),
        *([("tie band", "–".join(map(number, ends)))] if ends else []),
        *((heading(name), number(metrics[name])) for name in shown),
        ("an image", size(cost.code_bytes)),
        ("training", seconds(cost.train_seconds)),
    ]


def _queries(retrieval: Mapping[str, Any], pictures: Pictures) -> list[dict[str, Any]]:
    """What each query finds, with thumbnails where there are some."""
    return [
        {
            "name": query["query"],
            "picture": pictures.files.get(query["query"]),
            "relevant": sum(query["relevant"]),
            "found": [
                {"name": name, "picture": pictures.files.get(name), "relevant": relevant}
                for name, relevant in zip(query["found"], query["relevant"], strict=True)
            ],
        }
        for query in retrieval.get("queries", ())
    ]


def _scores(record: RunRecord, first: MetricPreset) -> list[dict[str, Any]]:
    """Every metric by metric preset, a value a distance; the leaderboard's preset comes first."""
    groups = []
    for name, preset in sorted(record.presets.items(), key=lambda item: (item[0] != first.name, item[0])):
        if name == CURVE.name:
            continue
        means = [by_preset.get(name, {}) for by_preset in record.scores.values()]
        order = {metric: place for place, metric in enumerate(preset["metrics"])}
        found = {metric for values in means for metric in values}
        metrics = sorted(
            found, key=lambda metric: (order.get(metric.partition("/")[0], len(order)), metric)
        )
        rows = [(_metric(metric), [values.get(metric) for values in means]) for metric in metrics]
        if rows:
            groups.append({"preset": name, "about": preset.get("about", ""), "rows": rows})
    return groups


def _metric(name: str) -> str:
    """A metric as the tables call it.

    >>> _metric("map@all/optimistic"), _metric("ndcg@100")
    ('mAP@all (ties optimistic)', 'ndcg@100')
    """
    metric, _, ties = name.partition("/")
    return f"{heading(metric) or metric}{f' (ties {ties})' if ties else ''}"


def _sheets(record: RunRecord) -> Iterable[dict[str, Any]]:
    """What else is known, a list of pairs each."""
    spec, cost = record.spec, record.cost
    yield _sheet("Settings", "What the method was told.", _named(spec.method["config"]))
    yield _sheet(
        "Costs",
        "Training and encoding start at the backbone's features, unless the method trains it.",
        [
            ("training", seconds(cost.train_seconds)),
            ("memory of training", size(cost.train_bytes)),
            ("encoding the database", seconds(cost.encode_seconds)),
            *((f"search by {name}", seconds(value)) for name, value in cost.search_seconds.items()),
            ("code of an image", size(cost.code_bytes)),
            ("unquantized", size(cost.embedding_bytes)),
            ("codebooks, once", size(cost.codebook_bytes)),
            ("model", size(cost.model_bytes)),
            ("trained parameters", f"{cost.trained_parameters:,}"),
        ],
    )
    yield _sheet(
        "Sizes", "How many of each.", [(name, f"{count:,}") for name, count in record.sizes.items()]
    )
    statistics = [(_words(name), number(value)) for name, value in record.code_statistics.items()]
    yield _sheet("Code statistics", "How well the database's codes use their bits.", statistics)
    yield _sheet("Identity", "What the result depends on: equal identity, equal result.", _identity(record))
    yield _sheet("Provenance", "Where and when it was made.", _provenance(record))
    if record.damaged:
        about = "They could not be decoded, and were left out of every part."
        yield _sheet("Damaged images", about, sorted(record.damaged.items()))


def _sheet(title: str, about: str, pairs: Pairs) -> dict[str, Any]:
    return {
        "id": title.lower().replace(" ", "-"),
        "title": title,
        "about": about,
        "pairs": pairs or [("none", "–")],
    }


def _identity(record: RunRecord) -> Pairs:
    """Every coordinate but the settings."""
    coordinates = record.spec.as_json()
    method = {key: value for key, value in coordinates["method"].items() if key != "config"}
    return [*_named(coordinates | {"method": method}), ("key", record.spec.key())]


def _provenance(record: RunRecord) -> Pairs:
    environment = dict(record.environment)
    packages = environment.pop("packages", {})
    return [
        ("finished", record.finished),
        *(_named({"scored again": record.rescored}) if record.rescored else []),
        *_named(environment),
        *((name, str(version)) for name, version in packages.items()),
    ]


def _named(values: Mapping[str, Any]) -> Pairs:
    """Nested values as pairs of text."""
    return [(_words(name), value) for name, value in flat(values)]


def _words(name: str) -> str:
    return str(name).replace("_", " ")
