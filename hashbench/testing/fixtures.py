"""Fixtures that pytest finds wherever hashbench is installed: small, real, and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hashbench.testing.backbone import Mosaic
    from hashbench.testing.pictures import Pictures


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark of checks that need a GPU known."""
    config.addinivalue_line("markers", "gpu: needs a CUDA device; skipped where there is none")


@pytest.fixture(scope="session")
def hashbench_pictures() -> Pictures:
    """Features of 400 real pictures, 64 of them queries, with tags, labels and web images."""
    from hashbench.testing.pictures import pictures  # noqa: PLC0415 - only who asks for it pays

    return pictures("features")


@pytest.fixture(scope="session")
def hashbench_pixels() -> Pictures:
    """24 of these pictures as pixels, 8 of them queries, with tags, labels and web images."""
    from hashbench.testing.pictures import pictures  # noqa: PLC0415

    return pictures("pixels")


@pytest.fixture
def hashbench_backbone() -> Mosaic:
    """A small backbone for methods that see pixels; it needs no weights file."""
    from hashbench.testing.backbone import Mosaic  # noqa: PLC0415

    return Mosaic()
