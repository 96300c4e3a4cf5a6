"""An index: a folder with all that a search needs, and neither the pictures nor the run store.

codes.json, shared.npz, shard-*.npz    a set of codes, with names and thumbnails beside them
run/                                   of the run that made them: settings, scores, what it learnt
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hashbench.codes.code_set import MANIFEST, CodeSet
from hashbench.encoding.thumbnails import thumbnail
from hashbench.errors import DataError
from hashbench.runs.folder import read_run
from hashbench.runs.record import RunRecord

# Of the run that made the codes.
RUN = "run"


@dataclass(frozen=True)
class Index:
    """A folder that `build` has finished.

    Attributes:
        folder: Where it is.
        codes: Of the pictures.
        record: Of the run that made them.
    """

    folder: Path
    codes: CodeSet
    record: RunRecord

    @classmethod
    def open(cls, folder: Path) -> Index:
        """Read what the folder says of itself.

        Raises:
            DataError: It is no such folder, or not whole.
            StoreError: The run in it is damaged.
        """
        for name, what in ((MANIFEST, "codes"), (RUN, "run")):
            if not (folder / name).exists():
                raise DataError(
                    f"{str(folder)!r} is no index: there is no {name!r} in it, with its {what}. "
                    "Expected a folder that `hashbench index` has finished."
                )
        return cls(folder, CodeSet.open(folder), read_run(folder / RUN))

    def __len__(self) -> int:
        return len(self.codes)

    def thumbnail(self, place: int) -> bytes:
        """The JPEG of the picture at that place.

        Raises:
            DataError: Its shard is damaged.
        """
        return thumbnail(*self.codes.at(place))
