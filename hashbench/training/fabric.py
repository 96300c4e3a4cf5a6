"""Lightning's Fabric, without what it does to the process that imports it."""

from __future__ import annotations

import logging
import os

# It lets torch ask the driver whether there is a GPU, for the sake of forks, and torch asks at every step.
_ASKS_DRIVER = "PYTORCH_NVML_BASED_CUDA_CHECK"
_before = os.environ.get(_ASKS_DRIVER)

from lightning_fabric import Fabric  # noqa: E402

if _before is None:
    os.environ.pop(_ASKS_DRIVER, None)
# It would tell everybody which precision was asked for.
logging.getLogger("lightning_fabric").setLevel(logging.WARNING)

__all__ = ["Fabric"]
