"""The contract of a family of backbones: what makes `--backbone PREFIX/NAME` of the name."""

from __future__ import annotations

import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from hashbench.errors import ConfigError
from hashbench.features.backbone import Backbone


class BackboneFamily(ABC):
    """A library of networks; plugins return subclasses from `hashbench_backbone_families`.

    Attributes:
        PLUGIN_NAME: The prefix: what the user types before the slash.
        DESCRIPTION: One line for people.
    """

    PLUGIN_NAME: ClassVar[str]
    DESCRIPTION: ClassVar[str]

    @abstractmethod
    def backbone(self, name: str) -> type[Backbone]:
        """The backbone of that name, made on demand; its `PLUGIN_NAME` is the prefix, a slash and the name.

        Nothing is fetched here: a backbone's weights are looked for when they are used.

        Args:
            name: What the user typed after the slash.

        Raises:
            ConfigError: The library has no such network, or none that gives features of an image.
        """

    def unknown(self, name: str, known: Iterable[str]) -> ConfigError:
        """The error for a name that does not exist, with the nearest of those that do."""
        close = [repr(near) for near in difflib.get_close_matches(name, list(known), n=3)]
        hint = f" Did you mean {' or '.join(close)}?" if close else ""
        return ConfigError(f"unknown {self.PLUGIN_NAME} model {name!r}.{hint}")
