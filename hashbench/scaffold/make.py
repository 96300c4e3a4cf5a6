"""Writes a new distribution from templates: whole or not at all."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

from hashbench import __version__
from hashbench.api_version import API_VERSION
from hashbench.errors import StoreError
from hashbench.files import whole_folder
from hashbench.scaffold.names import Names

# Ending of a template; folder of a template that becomes the package.
_ENDING = ".jinja"
_PACKAGE = "package"


def make(folder: Path, names: Names, *, deep: bool) -> list[Path]:
    """Make a distribution in a new folder; returns its files.

    Args:
        folder: The folder; it must not be there.
        names: What everything is called.
        deep: Whether the method is a network and a loss, or works on features.

    Raises:
        StoreError: The folder is there, or cannot be written.
    """
    if folder.exists() or folder.is_symlink():
        raise StoreError(f"{str(folder)!r} exists. Expected the name of a new folder.")
    contents = render(names, deep=deep)
    with whole_folder(folder) as partial:
        for place, text in contents.items():
            file = partial / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return [folder / place for place in contents]


def render(names: Names, *, deep: bool) -> dict[str, str]:
    """The text of every file by its place in the distribution."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - start-up stays fast

    # What is rendered is Python, TOML and Markdown, nothing that a browser reads.
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    major, minor = __version__.split(".")[:2]
    values = asdict(names) | {
        "deep": deep,
        "api": API_VERSION,
        "hashbench": f"hashbench>={major}.{minor},<{major}.{int(minor) + 1}",
    }
    templates = Path(str(files("hashbench"))) / "scaffold" / "templates"
    contents: dict[str, str] = {}
    for flavour in ("both", "deep" if deep else "shallow"):
        for template in sorted((templates / flavour).rglob(f"*{_ENDING}")):
            place = template.relative_to(templates / flavour).with_suffix("")
            parts = [names.package if part == _PACKAGE else part for part in place.parts]
            contents["/".join(parts)] = environment.from_string(template.read_text("utf-8")).render(values)
    return dict(sorted(contents.items()))
