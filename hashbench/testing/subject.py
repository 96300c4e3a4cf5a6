"""A method that is being checked, and what was found out about it: it is fitted as seldom as can be.

N = images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np

from hashbench.codes.storage import Codes
from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.errors import HashbenchError, SupervisionError
from hashbench.methods.config import MethodConfig, resolve_config
from hashbench.methods.method import Context, Method
from hashbench.progress import Progress, SilentProgress
from hashbench.tags.table import TagTable
from hashbench.testing.backbone import Mosaic
from hashbench.testing.caller import Caller, draw_elsewhere, undisturbed
from hashbench.testing.comparing import equal, meaning, share_differing
from hashbench.testing.moments import Moments, WatchedImages
from hashbench.testing.outcome import CheckSkipped, said
from hashbench.testing.pictures import ARRAYS, Pictures, pictures

BITS = 32


class Disturbance(StrEnum):
    """What must make no difference to a fit."""

    ELSEWHERE = "others have drawn from the global random generators"
    HIDDEN = "supervision that it did not declare is other, or not there"
    READ_ONLY = "arrays are read-only"
    PREPARED = "prepare() was called twice"


@dataclass(frozen=True)
class Fit:
    """A fitted method, and what it made of queries and database.

    Attributes:
        method: Fitted.
        state: What it had learnt before it encoded anything.
        query: Codes of the queries.
        database: Codes of the database.
        mutated: Which of the arrays that it was given it has changed.
        disturbed: What of the caller's it has changed.
    """

    method: Method
    state: dict[str, np.ndarray]
    query: Codes
    database: Codes
    mutated: list[str]
    disturbed: list[str]


class Subject:
    """A method's class under settings, on small real pictures.

    Args:
        cls: The method's class.
        settings: What is to be set besides the first preset, usually to make it quick.
        bits: The budgets that it has to honour, besides 32.
        name: What to call it, where a class is checked under several settings.
    """

    def __init__(
        self,
        cls: type[Method],
        settings: Mapping[str, Any] | None = None,
        *,
        bits: Sequence[int] = (8, 16),
        name: str | None = None,
    ) -> None:
        self.cls = cls
        self.settings = dict(settings or {})
        self.bits = tuple(bits)
        self.name = name or cls.PLUGIN_NAME
        self._fits: dict[frozenset[Disturbance], Fit | Exception] = {}
        self._moments = 0

    @cached_property
    def config(self) -> MethodConfig:
        """The first preset with the settings.

        Raises:
            HashbenchError: They do not fit together.
        """
        preset = next(iter(self.cls.PRESETS.values()))
        return resolve_config(self.cls.PLUGIN_NAME, self.cls.Config, preset.config, self.settings)

    def build(
        self, bits: int = BITS, seed: int = 0, device: str = "cpu", progress: Progress | None = None
    ) -> Method:
        """The method, unfitted."""
        context = Context(
            bits=bits,
            seed=seed,
            device=device,
            backbone=Mosaic(),
            progress=progress or SilentProgress(),
        )
        return self.cls(self.config, context)

    @cached_property
    def pictures(self) -> Pictures:
        """Pictures of the kind that the method works on with these settings."""
        return pictures(self.build().inputs)

    @property
    def width(self) -> int:
        """What `bits_for` is told: dimensions of features."""
        return Mosaic.DIM if self.pictures.inputs == "pixels" else int(self.pictures.items.shape[1])

    def train(self) -> TrainView[TagTable]:
        """What `fit` gets: arrays of its own, which can be written to."""
        return copied(self.pictures).train(self.cls.SUPERVISION)

    def fitted(self, view: TrainView[TagTable] | None = None, **context: Any) -> Method:
        """A method that was prepared and fitted; what it does to the caller is undone."""
        with undisturbed():
            method = self.build(**context)
            method.prepare()
            method.fit(view or self.train())
            return method

    @property
    def reference(self) -> Fit:
        """The fit that others are compared with: 32 bits, seed 0, on the CPU.

        Raises:
            CheckSkipped: There is none; another check says why.
        """
        outcome = self.trial()
        if isinstance(outcome, Fit):
            return outcome
        where = "check_supervision" if isinstance(outcome, SupervisionError) else "check_fit"
        raise CheckSkipped(f"it cannot be fitted: see {where}")

    def trial(self) -> Fit | Exception:
        """The reference, or what was raised in its place; made once.

        Raises:
            CheckSkipped: The settings are refused.
        """
        try:
            self.config  # noqa: B018 - to see whether there is one
        except HashbenchError as error:
            raise CheckSkipped(f"its settings are refused ({said(error)}): see check_presets") from error
        return self._fit(frozenset())

    @property
    def moments(self) -> int:
        """How often a fit reports or reads the images."""
        self._fit(frozenset(Disturbance))
        return self._moments

    def difference(self, one: Disturbance) -> str:
        """What happens to a fit where all is as in the reference, but for this.

        Returns:
            What differs, in words; empty where the codes are the same.

        Raises:
            CheckSkipped: Codes differ from fit to fit, so that nobody can tell.
        """
        if not self._differs(frozenset(Disturbance)):
            return ""
        elsewhere = self._differs(frozenset([Disturbance.ELSEWHERE]))
        if elsewhere and one is not Disturbance.ELSEWHERE:
            raise CheckSkipped("codes differ from fit to fit: see check_same_seed")
        return elsewhere or self._differs(frozenset([one]))

    def require_repeatable(self) -> None:
        """Go on only where the same seed gives the same codes.

        Raises:
            CheckSkipped: It does not, so that nothing can be told by comparing codes.
        """
        self.difference(Disturbance.PREPARED)

    def _differs(self, disturbances: frozenset[Disturbance]) -> str:
        """What differs from the reference, in words; empty where nothing does."""
        reference, outcome = self.reference, self._fit(disturbances)
        if isinstance(outcome, Exception):
            return f"raised {said(outcome)}"
        if equal(reference.query, outcome.query) and equal(reference.database, outcome.database):
            return ""
        share = share_differing(meaning(reference.database), meaning(outcome.database))
        return f"gave other codes ({share:.0%} of their numbers)"

    def _fit(self, disturbances: frozenset[Disturbance]) -> Fit | Exception:
        """Fit and encode under these disturbances; once."""
        if disturbances not in self._fits:
            try:
                self._fits[disturbances] = self._fit_now(disturbances)
            except Exception as error:
                self._fits[disturbances] = error
        return self._fits[disturbances]

    def _fit_now(self, disturbances: frozenset[Disturbance]) -> Fit:
        given, moments = copied(self.pictures), Moments()
        if Disturbance.HIDDEN in disturbances:
            given = others_supervision(given, self.cls.SUPERVISION)
        before, shown = copied(given), copied(given)
        if Disturbance.READ_ONLY in disturbances:
            locked(given)
            locked(shown)
        with undisturbed():
            method = self.build(progress=moments)
            for _ in range(2 if Disturbance.PREPARED in disturbances else 1):
                method.prepare()
            if Disturbance.ELSEWHERE in disturbances:
                draw_elsewhere()
            caller = Caller()
            method.fit(given.train(self.cls.SUPERVISION, WatchedImages(given.database(), moments)))
            self._moments, state = moments.count, deepcopy(method.state())
            query, database = method.encode(shown.query()), method.encode(shown.database())
            mutated = [*changed(before, given), *changed(before, shown)]
            return Fit(method, state, query, database, mutated, caller.changed())


def copied(whole: Pictures) -> Pictures:
    """The same with arrays of its own, which can be written to; none leads to another."""
    tags = TagTable(whole.tags.vocabulary, whole.tags.incidence.copy())
    return replace(whole, tags=tags, **{name: getattr(whole, name).copy() for name in ARRAYS})


def locked(whole: Pictures) -> None:
    """Let nobody write to the arrays."""
    incidence = whole.tags.incidence
    for array in (*(getattr(whole, name) for name in ARRAYS), incidence.data, incidence.indices):
        array.flags.writeable = False


def others_supervision(whole: Pictures, declared: Supervision) -> Pictures:
    """The same, but all supervision that was not declared is that of other images."""
    turned = np.roll(np.arange(len(whole.items)), len(whole.items) // 3)
    other: dict[str, Any] = {
        "tags": TagTable(whole.tags.vocabulary, whole.tags.incidence[turned]),
        "labels": whole.labels[turned],
        "concepts": np.roll(whole.concepts, len(whole.concepts) // 3),
        "query_labels": np.roll(whole.query_labels, 1, axis=0),
    }
    seen = {Supervision.TAGS: "tags", Supervision.LABELS: "labels", Supervision.WEB: "concepts"}
    other.pop(seen.get(declared, ""), None)
    return replace(whole, **other)


def changed(before: Pictures, after: Pictures) -> list[str]:
    """Which arrays are not as they were."""
    names = [name for name in ARRAYS if not np.array_equal(getattr(before, name), getattr(after, name))]
    return names if (before.tags.incidence != after.tags.incidence).nnz == 0 else [*names, "tags"]
