"""What mkdocstrings is taught of the package: folders without `__init__.py`, and doctests as code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from griffe import Extension, Module, Object

DOCTEST = re.compile(r"^>>> .*(?:\n(?!\n).*)*", flags=re.MULTILINE)


class Package(Extension):
    """Makes a module of each such folder, before the modules in it are looked for; fences doctests."""

    def on_module_instance(self, *, mod: Module, **_: Any) -> None:
        """Add the folders below a package's own."""
        if isinstance(mod.filepath, Path) and mod.filepath.name == "__init__.py" and mod.parent is None:
            _add(mod, mod.filepath.parent)

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Show doctests as code."""
        if obj.docstring is not None:
            obj.docstring.value = DOCTEST.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)


def _add(module: Module, folder: Path) -> None:
    for below in sorted(folder.iterdir()):
        if (
            below.is_dir()
            and not below.name.startswith(("_", "."))
            and not (below / "__init__.py").exists()
        ):
            made = Module(
                below.name,
                filepath=[below],
                lines_collection=module.lines_collection,
                modules_collection=module.modules_collection,
            )
            module.set_member(below.name, made)
            _add(made, below)
