"""Pretrained weights that a library publishes at an address: found where they were put, or fetched."""

from __future__ import annotations

import re
from pathlib import Path

from hashbench.errors import WeightsError, reason

# The start of the file's SHA-256, as PyTorch's libraries write it at the end of its name.
_DIGEST = re.compile(r"-([0-9a-f]{8,})\.\w+$")


def from_address(backbone: str, url: str) -> Path:
    """The file in torch's hub folder, downloaded and checked against the hash in its name.

    Args:
        backbone: The backbone's name, for the message.
        url: The file's address.

    Raises:
        WeightsError: It is not there and cannot be fetched.
    """
    import torch  # noqa: PLC0415

    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]
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


def from_hub(backbone: str, repository: str, name: str) -> Path:
    """A file of a repository of the Hugging Face hub, in the hub's cache.

    Args:
        backbone: The backbone's name, for the message.
        repository: Owner and name of the repository.
        name: The file in it.

    Raises:
        WeightsError: It is not there and cannot be fetched.
    """
    from huggingface_hub import (  # noqa: PLC0415
        get_hf_file_metadata,
        hf_hub_download,
        hf_hub_url,
        try_to_load_from_cache,
    )

    cached = try_to_load_from_cache(repository, name)
    if isinstance(cached, str):
        return Path(cached)
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
