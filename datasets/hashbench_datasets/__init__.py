"""Data sets for hashbench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hashbench import hookimpl

if TYPE_CHECKING:
    from hashbench.data.dataset import Dataset


@hookimpl
def hashbench_datasets() -> list[type[Dataset]]:
    """Bring the default data set, and those that are fetched or read from files of the user's."""
    from hashbench_datasets.corel5k import Corel5k  # noqa: PLC0415
    from hashbench_datasets.mirflickr import Mirflickr, Mirflickr38  # noqa: PLC0415
    from hashbench_datasets.openclipart import OpenClipart  # noqa: PLC0415
    from hashbench_datasets.wsih import WsihCoco, WsihNus21  # noqa: PLC0415

    return [OpenClipart, Corel5k, Mirflickr, Mirflickr38, WsihCoco, WsihNus21]
