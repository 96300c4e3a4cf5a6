"""What is known of a finished run: its spec, its scores, and what it cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hashbench.errors import StoreError
from hashbench.runs.spec import RunSpec


@dataclass(frozen=True)
class Cost:
    """What a run took and what it leaves to pay for.

    Attributes:
        train_seconds: Time in `fit`, without feature extraction.
        train_bytes: Memory that `fit` took at its peak, on the device that trains; see `peak_memory`.
        encode_seconds: Time to embed and quantize the database.
        search_seconds: By distance, the time to find every query's 100 nearest.
        code_bytes: Bytes an item.
        embedding_bytes: Bytes an item would take as a float32 embedding, unquantized.
        codebook_bytes: Bytes that all items share.
        model_bytes: Bytes of everything that was learnt.
        trained_parameters: Numbers that were learnt.
    """

    train_seconds: float
    train_bytes: int
    encode_seconds: float
    search_seconds: dict[str, float]
    code_bytes: int
    embedding_bytes: int
    codebook_bytes: int
    model_bytes: int
    trained_parameters: int


@dataclass(frozen=True)
class RunRecord:
    """A finished run.

    Attributes:
        spec: Its identity.
        supervision: What the method was allowed to learn from.
        variant: How the settings differ from the method's usual ones; empty for the usual.
        primary: The distance that the method is ranked by.
        scores: Means by distance, then metric preset, then metric.
        presets: What each metric preset stands for, by name.
        code_statistics: How well the database's codes use their bits.
        sizes: Numbers of queries, database and training images, tags in the vocabulary, web images.
        notices: What everybody should know who reads the scores, a sentence each.
        damaged: Images that could not be decoded, and were left out of every part: why, by id.
        cost: Time and memory.
        finished: UTC time, ISO 8601.
        rescored: When, by which versions and from which codes the scores were computed again, and which
            distances kept the scores that they had; None where they are the first.
        own_size: Whether its codes have a size of their own, whatever budget is asked for.
        random: Whether another seed could give other codes.
        environment: Versions and hardware.
        folder: Where the record lies; None until it is stored.
    """

    spec: RunSpec
    supervision: str
    variant: str
    primary: str
    scores: dict[str, dict[str, dict[str, float]]]
    presets: dict[str, dict[str, Any]]
    code_statistics: dict[str, float]
    sizes: dict[str, int]
    notices: list[str]
    damaged: dict[str, str]
    cost: Cost
    finished: str
    rescored: dict[str, Any] | None = None
    own_size: bool = False
    random: bool = True
    environment: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None

    def metrics(self, preset: str, distance: str | None = None) -> dict[str, float]:
        """Mean metrics under a metric preset, by the primary distance where none is named.

        Raises:
            StoreError: The run was made before there was such a preset, and not scored again since.
        """
        by_preset = self.scores[distance or self.primary]
        if preset not in by_preset:
            raise StoreError(
                f"run {self.spec.run_id()!r} has no scores under metric preset {preset!r}. Expected one of "
                f"{', '.join(sorted(by_preset))}; `hashbench runs rescore` adds what is missing."
            )
        return by_preset[preset]

    def summary(self, preset: str) -> dict[str, Any]:
        """The record as `hashbench run --format json` prints it."""
        return {
            "run_id": self.spec.run_id(),
            "run_dir": str(self.folder) if self.folder else None,
            "method": self.spec.method["name"],
            "variant": self.variant,
            "config": self.spec.method["config"],
            "bits": self.spec.bits,
            "dataset": self.spec.dataset["name"],
            "split": self.spec.split["name"],
            "truth": self.spec.dataset["truth"],
            "tags": self.spec.dataset["tags"],
            "protocol": self.spec.protocol["name"],
            "vocabulary": self.spec.protocol["vocabulary"],
            "noise": self.spec.protocol["noise"],
            "backbone": self.spec.backbone["name"],
            "seed": self.spec.seed,
            "supervision": self.supervision,
            "web": self.spec.web["name"] if self.spec.web else None,
            "distance": self.primary,
            "metric_preset": preset,
            "code_bytes": self.cost.code_bytes,
            "codebook_bytes": self.cost.codebook_bytes,
            "model_bytes": self.cost.model_bytes,
            "trained_parameters": self.cost.trained_parameters,
            "train_bytes": self.cost.train_bytes,
            "metrics": self.metrics(preset),
            "scores": self.scores,
            "code_statistics": self.code_statistics,
            "sizes": self.sizes,
            "notices": self.notices,
            "damaged": self.damaged,
            "seconds": {
                "train": self.cost.train_seconds,
                "encode": self.cost.encode_seconds,
                "search": self.cost.search_seconds[self.primary],
            },
        }

    def config_json(self) -> dict[str, Any]:
        """What goes into config.json: the identity."""
        return {"spec": self.spec.as_json(), "key": self.spec.key()}

    def metrics_json(self) -> dict[str, Any]:
        """What goes into metrics.json: the outcome."""
        outcome = asdict(self)
        for elsewhere in ("spec", "environment", "folder"):
            del outcome[elsewhere]
        return outcome

    @classmethod
    def from_json(
        cls,
        config: dict[str, Any],
        metrics: dict[str, Any],
        environment: dict[str, Any],
        folder: Path,
    ) -> RunRecord:
        """The inverse of the two above."""
        coordinates = {key: value for key, value in config["spec"].items() if key != "version"}
        outcome = {key: value for key, value in metrics.items() if key != "cost"}
        return cls(
            spec=RunSpec(**coordinates),
            cost=Cost(**metrics["cost"]),
            environment=environment,
            folder=folder,
            **outcome,
        )
