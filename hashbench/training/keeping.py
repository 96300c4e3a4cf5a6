"""Which of the weights that training passes through are kept: the last, their average, or the best."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class Average:
    """The exponential moving average of a module's weights; its buffers are the last ones."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._module = module
        self._averaged = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]

    def add(self) -> None:
        """Take the weights as they are now in."""
        self._averaged.update_parameters(self._module)

    def give(self) -> None:
        """Put the average in the weights' place."""
        self._module.load_state_dict(self._averaged.module.state_dict())

    @contextmanager
    def given(self) -> Iterator[None]:
        """The same for the time of a block."""
        weights = copy.deepcopy(self._module.state_dict())
        self.give()
        try:
            yield
        finally:
            self._module.load_state_dict(weights)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return self._averaged.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._averaged.load_state_dict(dict(state))


class Best:
    """The state of a module when a loss was lowest, and when to stop waiting for a lower one."""

    def __init__(self, module: nn.Module, patience: int) -> None:
        self._module = module
        self._patience = patience
        self._lowest = math.inf
        self._worse = 0
        self._state: dict[str, Any] | None = None

    def over(self, loss: float) -> bool:
        """Whether to stop, now that an epoch ended with this loss."""
        if loss < self._lowest:
            self._lowest, self._worse = loss, 0
            self._state = copy.deepcopy(self._module.state_dict())
        else:
            self._worse += 1
        return self._worse >= self._patience

    def give(self) -> None:
        """Put the best state in the module's place."""
        if self._state is not None:
            self._module.load_state_dict(self._state)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"lowest": self._lowest, "worse": self._worse, "state": self._state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a checkpoint."""
        self._lowest, self._worse, self._state = state["lowest"], state["worse"], state["state"]
