"""Frozen features: correct, cached under everything they depend on, resumed after an interrupt."""

import dataclasses
import shutil

import numpy as np
import pytest
import torch

from hashbench.data.images import decode_one
from hashbench.errors import DataError
from hashbench.features import extract
from hashbench.features.extract import frozen_features
from hashbench.features.lite import EfficientNetLite0
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress


@pytest.fixture
def images():
    return Plugins().datasets["shapes"]().images()


@pytest.fixture
def backbone():
    return Plugins().backbones["pooled"]()


def features(images, backbone, cache):
    computed, damaged = frozen_features(images, backbone, "cpu", cache, SilentProgress())
    assert damaged == {}
    return computed


def test_features_equal_the_backbone_by_hand(images, backbone, tmp_path):
    got = features(images, backbone, tmp_path)
    assert got.shape == (120, 192) and got.dtype == np.float32
    pixels = decode_one(images, 5, 36)[2:34, 2:34].astype(np.float32)
    scaled = (pixels / 255 - 0.5) / 0.5
    expected = scaled.reshape(8, 4, 8, 4, 3).mean(axis=(1, 3)).transpose(2, 0, 1).ravel()
    assert got[5] == pytest.approx(expected, abs=1e-5)


def test_a_second_call_computes_nothing(images, backbone, tmp_path, monkeypatch):
    first = features(images, backbone, tmp_path)
    monkeypatch.setattr(extract, "feature_function", None)
    assert np.array_equal(features(images, backbone, tmp_path), first)


def test_other_weights_other_features(images, backbone, tmp_path):
    weights = tmp_path / "other.pth"
    torch.save({"scale": torch.full((1,), 2.0)}, weights)
    other = type(backbone)(weights)
    assert np.allclose(features(images, other, tmp_path), 2 * features(images, backbone, tmp_path))
    assert len(list((tmp_path / "features").glob("[!.]*"))) == 2


def test_an_interrupted_extraction_goes_on(images, backbone, tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "_SHARD", 50)
    real, done = extract.feature_function, []

    def stops_after_the_first_shard(*arguments):
        compute = real(*arguments)

        def counted(batch):
            if len(done) == 1:
                raise KeyboardInterrupt
            done.append(len(batch))
            return compute(batch)

        return counted

    monkeypatch.setattr(extract, "feature_function", stops_after_the_first_shard)
    with pytest.raises(KeyboardInterrupt):
        features(images, backbone, tmp_path)
    (shards,) = (tmp_path / "features").glob("[!.]*")
    assert [path.name for path in shards.iterdir()] == ["000000000.npz"]
    monkeypatch.setattr(extract, "feature_function", real)
    resumed = features(images, backbone, tmp_path)
    assert np.array_equal(resumed, features(images, backbone, tmp_path / "fresh"))
    assert not shards.exists()


def some_broken(images, broken):
    """The same collection, some of its files replaced."""
    return dataclasses.replace(
        images, read=lambda index: broken[index] if index in broken else images.read(index)
    )


def test_broken_images_are_reported_and_change_no_others(images, backbone, tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "_SHARD", 50)
    monkeypatch.setattr(extract, "BATCH", 20)
    whole = features(images, backbone, tmp_path / "whole")
    # A few, and all of one batch.
    broken = {3: b"", 119: b"?"} | dict.fromkeys(range(60, 90), b"?")
    reasons = {index: "an empty file" if index == 3 else "no image of a known kind" for index in broken}
    damaged = some_broken(images, broken)
    for _ in range(2):
        got, reported = frozen_features(damaged, backbone, "cpu", tmp_path, SilentProgress())
        assert reported == reasons
        assert np.isnan(got[[*broken]]).all()
        kept = np.setdiff1d(np.arange(120), [*broken])
        assert np.array_equal(got[kept], whole[kept])
        monkeypatch.setattr(extract, "feature_function", None)


def test_a_file_that_cannot_be_read_stops_the_extraction(images, backbone, tmp_path):
    def read(index):
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(DataError, match="'shape000' cannot be read"):
        features(dataclasses.replace(images, read=read), backbone, tmp_path)


def test_a_process_that_was_overtaken_takes_what_the_other_made(images, backbone, tmp_path, monkeypatch):
    real, first = extract._join, features(images, backbone, tmp_path)
    (done,) = (tmp_path / "features").glob("[!.]*")
    away = done.rename(tmp_path / "away")

    def overtaken(shards, count, path):
        shutil.rmtree(shards[0].parent)
        away.rename(done)
        return real(shards, count, path)

    monkeypatch.setattr(extract, "_join", overtaken)
    assert np.array_equal(features(images, backbone, tmp_path), first)
    assert list((tmp_path / "features").glob("[!.]*")) == [done]


def test_the_file_of_features_is_a_plain_array(images, backbone, tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "_SHARD", 50)
    got = features(images, backbone, tmp_path)
    (path,) = tmp_path.glob("features/*/features.npy")
    assert np.array_equal(np.load(path), got) and not got.flags.writeable


def test_lite0_takes_the_weights_of_its_wheel():
    network = EfficientNetLite0().network().eval()
    with torch.inference_mode():
        pixels = torch.zeros((2, 3, 224, 224), dtype=torch.uint8)
        pixels[1] = 255
        got = network(pixels)
    assert got.shape == (2, 1280)
    assert torch.isfinite(got).all() and (got >= 0).all() and got.std() > 0.05
