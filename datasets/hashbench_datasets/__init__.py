"""Data sets for hashbench."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hashbench import hookimpl

if TYPE_CHECKING:
    from hashbench.data.dataset import Dataset

HASHBENCH_API = 1


@hookimpl
def hashbench_datasets() -> list[type[Dataset]]:
    """Bring the default data set, and those that are fetched or read from files of the user's."""
    from hashbench_datasets.cifar10 import Cifar10  # noqa: PLC0415
    from hashbench_datasets.coco import Coco  # noqa: PLC0415
    from hashbench_datasets.corel5k import Corel5k  # noqa: PLC0415
    from hashbench_datasets.features import Features  # noqa: PLC0415
    from hashbench_datasets.mirflickr import Mirflickr, Mirflickr38  # noqa: PLC0415
    from hashbench_datasets.nuswide import NusWide10, NusWide21, NusWide81  # noqa: PLC0415
    from hashbench_datasets.openclipart import OpenClipart  # noqa: PLC0415
    from hashbench_datasets.photos import Photos  # noqa: PLC0415
    from hashbench_datasets.wsih import WsihCoco, WsihNus21  # noqa: PLC0415

    published = [Corel5k, Mirflickr, Mirflickr38, NusWide21, NusWide10, NusWide81, Coco, Cifar10]
    return [OpenClipart, *published, WsihCoco, WsihNus21, Photos, Features]
