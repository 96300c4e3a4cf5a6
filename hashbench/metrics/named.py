"""Metrics by name, as presets, results and the command line write them: `map@5000`, `ndcg@100`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hashbench.errors import ConfigError

# What stands after the @: a rank, a rank or `all`, a Hamming radius, or nothing.
_PARAMETER = {
    "map": "rank or all",
    "precision": "rank",
    "recall": "rank",
    "hit_rate": "rank",
    "r_precision": "nothing",
    "ndcg": "rank or all",
    "acg": "rank",
    "wap": "rank or all",
    "precision_within": "radius",
    "recall_within": "radius",
}
_FORMS = {
    "rank": r"@([1-9]\d*)",
    "rank or all": r"@([1-9]\d*|all)",
    "radius": r"@(\d+)",
    "nothing": "()",
}


@dataclass(frozen=True)
class NamedMetric:
    """A metric and its parameter.

    Attributes:
        kind: `map`, `precision` and so on.
        k: Rank to stop at, or Hamming radius; None for all items or where there is no parameter.

    >>> NamedMetric.parse("map@all"), str(NamedMetric.parse("precision@100"))
    (NamedMetric(kind='map', k=None), 'precision@100')
    """

    kind: str
    k: int | None

    @classmethod
    def parse(cls, name: str) -> NamedMetric:
        """The metric of that name.

        Raises:
            ConfigError: There is none, or its parameter is missing or wrong.
        """
        kind = name.partition("@")[0]
        if kind not in _PARAMETER:
            raise ConfigError(f"unknown metric {name!r}. Known: {', '.join(sorted(_PARAMETER))}.")
        wanted = _PARAMETER[kind]
        found = re.fullmatch(re.escape(kind) + _FORMS[wanted], name)
        if found is None:
            after = "nothing after it" if wanted == "nothing" else f"@ and a {wanted}"
            raise ConfigError(f"metric {name!r}. Expected {kind} with {after}.")
        return cls(kind, int(found[1]) if found[1].isdigit() else None)

    def __str__(self) -> str:
        if _PARAMETER[self.kind] == "nothing":
            return self.kind
        return f"{self.kind}@{'all' if self.k is None else self.k}"

    @property
    def graded(self) -> bool:
        """Whether it asks how relevant items are."""
        return self.kind in ("ndcg", "acg", "wap")

    @property
    def by_radius(self) -> bool:
        """Whether it is defined for Hamming distances only."""
        return _PARAMETER[self.kind] == "radius"
