"""Pretrained weights that a library publishes at an address: found where they were put, or fetched."""

from __future__ import annotations

import re
from pathlib import Path

from hashbench.errors import WeightsError, reason

# The start of the file's SHA-256, as PyTorch's libraries write it at the end of its name.
_DIGEST = re.compile(r"-([0-9a-f]{8,})\.\w+$")


def hub_folder() -> Path:
    """Where torch keeps the files that it fetches from addresses."""
    import torch  # noqa: PLC0415

    return Path(torch.hub.get_dir()) / "checkpoints"


def at_address(url: str) -> Path | None:
    """The file in torch's hub folder, if it is there; nothing is fetched."""
    path = _kept(url)
    return path if path.is_file() else None


def from_address(backbone: str, url: str) -> Path:
    """The file in torch's hub folder, downloaded and checked against the hash in its name.

    Args:
        backbone: The backbone's name, for the message.
        url: The file's address.

    Raises:
        WeightsError: It is not there and cannot be fetched.
    """
    import torch  # noqa: PLC0415

    path = _kept(url)
    if not path.is_file():
        digest = _DIGEST.search(path.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), hash_prefix=digest[1] if digest else None)
        except (OSError, RuntimeError) as error:
            raise WeightsError(
                f"backbone {backbone!r}: no weights at {str(path)!r}, and {url} cannot be "
                f"fetched ({reason(error)}). Put the file there, or name one with --weights."
            ) from error
    return path


def _kept(url: str) -> Path:
    """Where the file of that address is kept."""
    return hub_folder() / url.rsplit("/", 1)[1]


def in_hub_cache(repository: str, name: str) -> Path | None:
    """A file of a repository of the Hugging Face hub, if the hub's cache has it; nothing is fetched."""
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

    cached = try_to_load_from_cache(repository, name)
    return Path(cached) if isinstance(cached, str) else None


def from_hub(backbone: str, repository: str, name: str) -> Path:
    """A file of a repository of the Hugging Face hub, in the hub's cache.

    Args:
        backbone: The backbone's name, for the message.
        repository: Owner and name of the repository.
        name: The file in it.

    Raises:
        WeightsError: It is not there and cannot be fetched.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url  # noqa: PLC0415

    if (cached := in_hub_cache(repository, name)) is not None:
        return cached
    url = hf_hub_url(repository, name)
    try:
        # It asks once, where the download itself goes on asking for half a minute without a network.
        get_hf_file_metadata(url)
        return Path(hf_hub_download(repository, name))
    except Exception as error:  # the hub's client raises many kinds
        raise WeightsError(
            f"backbone {backbone!r}: {url} is not in the hub's cache and cannot be fetched "
            f"({reason(error)}). Put the file somewhere and name it with --weights."
        ) from error
