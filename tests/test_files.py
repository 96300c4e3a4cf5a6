"""Scratch folders: gone when they are not needed, also where nobody was left to remove them."""

import os

import pytest

from hashbench.files import scratch_folder


def test_a_scratch_folder_goes_with_its_block_and_with_its_process(tmp_path):
    abandoned = tmp_path / ".scratch.killed.partial"
    abandoned.mkdir()
    os.utime(abandoned, (0, 0))
    with pytest.raises(ValueError, match="stop"), scratch_folder(tmp_path) as folder:
        assert not abandoned.exists()
        (folder / "file").touch()
        # However old: it is held.
        os.utime(folder, (0, 0))
        with scratch_folder(tmp_path) as other:
            assert other != folder and folder.exists()
        raise ValueError("stop")
    assert list(tmp_path.iterdir()) == []
