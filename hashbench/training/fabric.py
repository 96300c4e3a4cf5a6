"""Lightning's Fabric, without what it does to the process that imports it."""

from __future__ import annotations

import logging
import os
import sys

# It lets torch ask the driver whether there is a GPU, for the sake of forks, and torch asks at every step.
_ASKS_DRIVER = "PYTORCH_NVML_BASED_CUDA_CHECK"
_before = os.environ.get(_ASKS_DRIVER)
# It imports this where it is installed, which takes seconds, to look at a version that is not needed here.
_UNNEEDED = "torchmetrics"
_hidden = _UNNEEDED not in sys.modules
if _hidden:
    sys.modules[_UNNEEDED] = None  # type: ignore[assignment]

from lightning_fabric import Fabric  # noqa: E402

if _hidden:
    del sys.modules[_UNNEEDED]
if _before is None:
    os.environ.pop(_ASKS_DRIVER, None)
# It would tell everybody which precision was asked for.
logging.getLogger("lightning_fabric").setLevel(logging.WARNING)

__all__ = ["Fabric"]
