"""Making an index of the pictures of a folder."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from hashbench.encoding.encode import Outcome, encode
from hashbench.encoding.encoder import EncoderMaker
from hashbench.errors import DataError
from hashbench.files import whole_folder
from hashbench.index.index import RUN
from hashbench.progress import Progress
from hashbench.runs.folder import CONFIG, ENVIRONMENT, METRICS, MODEL, write_files
from hashbench.spread import Spread, here

# Pixels of the longer side.
THUMBNAIL_SIDE = 160
# Of a run, what rebuilds its method.
_KEPT = (CONFIG, METRICS, ENVIRONMENT, MODEL)


def build(
    run: Path,
    pictures: Path,
    folder: Path,
    progress: Progress,
    *,
    weights: Path | None = None,
    device: str = "auto",
    items: int | None = None,
    spread: Spread = here,
) -> Outcome:
    """Code pictures with the method of a run, and keep with the codes what a search needs.

    An interrupted call leaves its finished shards behind, and the same call goes on from them.

    Args:
        run: Folder of the run.
        pictures: The folder of pictures.
        folder: Where the index is to be; new or empty.
        progress: Where to report.
        weights: Of the backbone, where the run had a file of the user's.
        device: Where to compute, as torch names it.
        items: Pictures of a shard.
        spread: Who does the shards.

    Raises:
        DataError: There are no pictures, or the run cannot code any.
        ConfigError: Something else is in the folder.
        StoreError: The run is damaged, or the disk refuses.
    """
    if not pictures.is_dir():
        raise DataError(
            f"{str(pictures)!r} is no folder. Expected one of pictures: an index is of pictures, and "
            "`hashbench encode` codes features."
        )
    maker = EncoderMaker(
        run.absolute(),
        pictures.absolute(),
        weights,
        device,
        keep_embeddings=False,
        thumbnails=THUMBNAIL_SIDE,
    )
    outcome = encode(maker, folder, progress, items=items, spread=spread)
    if not (folder / RUN).is_dir():
        with whole_folder(folder / RUN) as partial_folder:
            write_files(partial_folder, {name: partial(shutil.copyfile, run / name) for name in _KEPT})
    return outcome
