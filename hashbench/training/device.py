"""Choosing where to compute."""

from __future__ import annotations

from hashbench.errors import ConfigError


def resolve_device(name: str) -> str:
    """Turn `auto` into `cuda` or `cpu`, and check anything else.

    Raises:
        ConfigError: There is no such device here.
    """
    if name == "cpu":
        return name
    import torch  # noqa: PLC0415 - start-up stays fast without it

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=torch.device(name))
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"device {name!r} cannot be used here ({str(error).splitlines()[0]}). "
            "Expected auto, cpu or cuda."
        ) from error
    return name
