"""Where a data set's files come from: a folder of the user's, archives of his, or the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hashbench.data.content import content_hashes
from hashbench.data.download import Archive, fetch, known_digest
from hashbench.data.unpacking import unpack
from hashbench.errors import DataError
from hashbench.files import cache_root
from hashbench.progress import on_stderr


@dataclass(frozen=True)
class Source:
    """The files of one data set.

    Attributes:
        name: The data set, for messages, and for its folder in the cache.
        root: The folder that the user named, if he did: then nothing is fetched.
        layout: What is expected below the root, a sentence for messages.
        most_bytes: What an archive may unfold to.
        most_files: How many members an archive may have.
    """

    name: str
    root: Path | None
    layout: str
    most_bytes: int
    most_files: int

    def unpacked(self, archive: Archive, wanted: str) -> Path:
        """The folder in the cache with what is in an archive of the user's, or of the one to be fetched.

        Args:
            archive: What is published.
            wanted: What was not found below the user's root, in words.

        Raises:
            DataError: The user named a folder without it, it cannot be fetched, or it is not as published.
        """
        own = None if self.root is None else self.root / archive.name
        if own is not None and not own.is_file():
            raise DataError(
                f"{self.name}: there is no {wanted}, and no {archive.name} beside. {self.layout}"
            )
        cache, progress = cache_root() / "datasets" / self.name, on_stderr()
        digest = known_digest(archive, cache) if own is None else _digest(archive, own)
        if digest is not None and _folder(cache, archive, digest).is_dir():
            return _folder(cache, archive, digest)
        # Where no checksum is published, there is nothing to hold an archive of the user's to.
        path = own if own and not archive.is_published else fetch(archive, self.root or cache, progress)
        folder = _folder(cache, archive, digest or known_digest(archive, cache))
        return unpack(path, folder, progress, most_bytes=self.most_bytes, most_files=self.most_files)


def _digest(archive: Archive, own: Path) -> str:
    """The checksum of an archive of the user's: what it should be, or else what it is."""
    return archive.md5 or archive.sha256 or content_hashes(own.parent, [own])[0]


def _folder(cache: Path, archive: Archive, digest: str | None) -> Path:
    """By checksum: what is in there is always the content of that very archive."""
    return cache / f"{Path(archive.name).stem}-{digest}"
