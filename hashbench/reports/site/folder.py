"""The folder of a site: recognised before anything in it is touched, and written only where it changed."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from hashbench.errors import StoreError, reason
from hashbench.files import require_writable
from hashbench.reports.writing import write_bytes

# Tells a site of ours from whatever else a person keeps in a folder.
MARKER = "hashbench-site.txt"
_MARKED = "hashbench wrote this site: pages of runs that are gone are removed when it is written again.\n"
# What is removed when no run needs it any more; nothing else ever is.
_OURS = ("runs/*.html", "methods/*.html", "images/*.webp")


def require_site(root: Path) -> None:
    """Refuse a folder that holds something else than a site.

    Raises:
        StoreError: It does, or is a file.
    """
    if root.exists() and not root.is_dir():
        raise StoreError(f"{str(root)!r} is a file. Expected a folder for a site.")
    # Hidden files, those of version control for one, are none of a site's.
    held = [path.name for path in root.glob("*") if not path.name.startswith(".")]
    if held and MARKER not in held:
        raise StoreError(
            f"folder {str(root)!r} holds {min(held)!r} and is no site of hashbench. "
            "Expected a folder that is new, empty, or was written as a site before."
        )


class SiteFolder:
    """Where a site is written, file by file, each whole or not at all.

    Raises:
        StoreError: The folder cannot be written to, or holds something that is no site of ours.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._kept: set[str] = set()
        require_site(root)
        require_writable(root)
        self.write(MARKER, _MARKED.encode())

    def has(self, name: str) -> bool:
        """Whether there is such a file from last time; if so, it is kept."""
        there = (self.root / name).is_file()
        if there:
            self._kept.add(name)
        return there

    def write(self, name: str, content: bytes) -> None:
        """Make `content` what the file of that name holds; an equal one is left as it is.

        Raises:
            StoreError: The disk refuses.
        """
        self._kept.add(name)
        write_bytes(self.root / name, content)

    def remove_others(self) -> None:
        """Remove the pages and pictures of earlier times that were neither written nor asked for.

        Raises:
            StoreError: The disk refuses.
        """
        for pattern in _OURS:
            for path in self.root.glob(pattern):
                if str(PurePosixPath(*path.relative_to(self.root).parts)) not in self._kept:
                    try:
                        path.unlink()
                    except OSError as error:
                        raise StoreError(f"cannot remove {str(path)!r}: {reason(error)}.") from error
