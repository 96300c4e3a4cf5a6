"""Which runs a report is about: the filters of the command line and of a sweep file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from hashbench.errors import StoreError
from hashbench.tags.noise import Noise, noise_in_words

if TYPE_CHECKING:
    import pandas as pd

NO_NOISE = "none"
OWN = "own"


class Selection(BaseModel):
    """Runs by their coordinates; a coordinate that is not named may be any.

    Attributes:
        dataset: Names of data sets.
        protocol: Names of tag protocols.
        bits: Budgets; `own` stands for codes that have a size of their own, whatever the budget.
        noise: `none`, `KIND=LEVEL` as `hashbench run` takes it, or in the words of the tables.
        supervision: Kinds of supervision.
        method: Names of methods.
        backbone: Names of backbones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: list[str] | None = None
    protocol: list[str] | None = None
    bits: list[int | Literal["own"]] | None = None
    noise: list[str] | None = None
    supervision: list[str] | None = None
    method: list[str] | None = None
    backbone: list[str] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """A scalar as the list that it stands for, as in a sweep file's grids."""
        return value if value is None or isinstance(value, list) else [value]

    @field_validator("noise")
    @classmethod
    def _in_words(cls, noises: list[str] | None) -> list[str] | None:
        """As the tables say it, in which no noise is an empty text."""
        return noises and [_words(noise) for noise in noises]

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of a frame of runs that are meant; see `reports.leaderboard.run_frame`.

        Raises:
            StoreError: None is.
        """
        if frame.empty:
            raise StoreError("the run store holds no run. Fill it with `hashbench run`.")
        for coordinate, wanted in self:
            if wanted is None:
                continue
            chosen = frame[coordinate].isin(wanted)
            if coordinate == "bits" and OWN in wanted:
                chosen |= frame["own size"]
            if not chosen.any():
                raise StoreError(
                    f"the run store holds no such run: {coordinate} {_listed(wanted)}. "
                    f"Expected some of {_listed(_there(frame, coordinate))}."
                )
            frame = frame[chosen]
        return frame

    def with_own(self, frame: pd.DataFrame) -> Selection:
        """The same, and codes that have a size of their own, if a frame of runs has such."""
        if self.bits is None or OWN in self.bits or not frame["own size"].any():
            return self
        return self.model_copy(update={"bits": [*self.bits, OWN]})

    def __str__(self) -> str:
        """What is named, in words; empty where nothing is."""
        return ", ".join(f"{name} {_listed(wanted)}" for name, wanted in self if wanted is not None)


def _words(noise: str) -> str:
    """Raises: HashbenchError: It is a kind and a level, of which one is unknown."""
    if noise == NO_NOISE:
        return ""
    return noise_in_words(Noise.parse(noise).identity()) if "=" in noise else noise


def _there(frame: pd.DataFrame, coordinate: str) -> list[int | str]:
    """What a coordinate could be asked for; sizes of codes' own are named as they are asked for."""
    own = frame["own size"] & (coordinate == "bits")
    return [*sorted(frame[coordinate][~own].unique()), *([OWN] if own.any() else [])]


def _listed(values: list[int | str]) -> str:
    return ", ".join(str(value) or NO_NOISE for value in values)
