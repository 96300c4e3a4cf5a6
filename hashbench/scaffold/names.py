"""What a new distribution, its package, its method and its classes are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from hashbench.errors import ConfigError
from hashbench.offered import ALL

_PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 30
# Classes of these names would be Python's own words, or hide what the templates import.
_TAKEN_CLASSES = {
    *("True", "False", "None", "Batch", "BinaryCodes", "Callable", "DeepConfig", "DeepHash", "Field"),
    *(
        "ImageView",
        "Mapping",
        "Method",
        "MethodConfig",
        "Objective",
        "Plugins",
        "Subject",
        "Supervision",
        "TagTable",
    ),
    "TrainView",
}


@dataclass(frozen=True)
class Names:
    """All names of one new plugin.

    Attributes:
        method: What follows `--method`.
        distribution: What is installed.
        package: What is imported.
        cls: The method's class.
        config: The class of its settings.
    """

    method: str
    distribution: str
    package: str
    cls: str
    config: str

    @classmethod
    def of(cls, method: str, installed: Iterable[str]) -> Names:
        """The names that follow from the method's.

        Args:
            method: The method's name.
            installed: The names of the methods that there are.

        Raises:
            ConfigError: The name cannot be used.

        >>> Names.of("two-step", []).package, Names.of("two-step", []).config
        ('hashbench_two_step', 'TwoStepConfig')
        """
        if not _PATTERN.fullmatch(method) or len(method) > _LONGEST:
            raise ConfigError(
                f"name {method!r}: Expected at most {_LONGEST} lower-case letters, digits and hyphens "
                "between them, a letter first, such as my-method."
            )
        if method == ALL or method in installed:
            of = "stands for all methods" if method == ALL else "is that of an installed method"
            raise ConfigError(f"name {method!r} {of}. Expected a new one.")
        own = "".join(part.capitalize() for part in method.split("-"))
        names = cls(
            method, f"hashbench-{method}", f"hashbench_{method.replace('-', '_')}", own, f"{own}Config"
        )
        if _TAKEN_CLASSES & {names.cls, names.config}:
            raise ConfigError(
                f"name {method!r}: class {own} would hide another. Expected a name of its own."
            )
        if find_spec(names.package) is not None:
            raise ConfigError(
                f"name {method!r}: package {names.package} is installed. Expected a new name."
            )
        return names
