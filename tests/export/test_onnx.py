"""ONNX encoders: what the run's method makes of images, by another runtime and in one file."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from hashbench.data.images import decode
from hashbench.data.views import ImageView
from hashbench.errors import ConfigError, DataError
from hashbench.export import onnx_encoder
from hashbench.export.onnx_encoder import write_onnx
from hashbench.methods.config import MethodConfig
from hashbench.methods.method import Context
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.runs.trained import Trained, trained

SIDE = 36


@pytest.fixture
def encoder(run, tmp_path):
    """Train on the drawn shapes and export; returns what was learnt, the file, and what was said."""

    def call(*arguments, store=tmp_path / "runs"):
        folder = store / run(*arguments)[0]["run_id"]
        plugins = Plugins()
        method = trained(folder, plugins, "cpu", SilentProgress())
        exported = write_onnx(folder, method, plugins, None, tmp_path / "x.onnx")
        return method, tmp_path / "x.onnx", exported.check

    return call


def pictures(count):
    from stranger import draw

    return np.stack([decode(draw(number)[0], SIDE) for number in range(40, 40 + count)])


def encoded(path, inputs):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: inputs})[0]


def features(backbone, images):
    from hashbench.features.network import FromImages

    with torch.no_grad():
        return FromImages(backbone.network(), backbone.CROP).eval()(torch.from_numpy(images)).numpy()


@pytest.mark.slow
def test_a_linear_hash_on_frozen_features(encoder):
    method, path, check = encoder("--method", "lsh", "--bits", "16")
    assert check.startswith("least cosine 1.000000 of 24 queries") and "100.0% of codes" in check
    model = onnx.load(path)
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert about["run"] == method.record.spec.run_id() and about["side"] == str(SIDE)
    assert about["bits"] == "16" and about["similarity"] == "hamming"
    assert about["code"] == "numpy.packbits(embedding > 0, axis=1)"
    assert next(one.version for one in model.opset_import if not one.domain) >= 18
    assert not list(path.parent.glob("x.onnx?*"))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape[1:]) == ("pixels", "tensor(uint8)", [SIDE, SIDE, 3])
    assert (result.name, result.shape[1:]) == ("embedding", [16])
    for count in (1, 5):
        images = pictures(count)
        ours = method.method.embed(ImageView(features=features(method.backbone, images)))
        assert np.allclose(encoded(path, images), ours, atol=1e-4)


@pytest.mark.slow
def test_wsdhq_puts_its_embeddings_on_the_sphere(encoder):
    _, path, check = encoder("--method", "wsdhq", "--bits", "16", "--set", "iterations=10")
    assert "100.0% of codes" in check
    about = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert about["kind"] == "additive" and about["similarity"] == "inner_product"
    found = encoded(path, pictures(3))
    assert found.shape == (3, int(about["dimensions"]))
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [["augment=crop"], ["augment=views", "ten_crop=true"]])
def test_a_network_on_pixels_takes_its_crops_itself(encoder, settings):
    options = [word for setting in ["iterations=4", *settings] for word in ("--set", setting)]
    method, path, _ = encoder("--method", "bihalf", "--bits", "16", *options)
    images = pictures(3)
    assert method.method.inputs == "pixels"
    assert np.allclose(encoded(path, images), method.method.embed(ImageView(pixels=images)), atol=1e-4)


FEATURES = np.random.default_rng(0).standard_normal((30, 20)).astype(np.float32)


@pytest.fixture
def on_features(made, tmp_path, monkeypatch):
    """Export what a linear hash learnt on given features, with its module or another; returns the file."""
    method = Plugins().methods["lsh"](MethodConfig(), Context(bits=16))
    method.mean, method.projection = FEATURES[0], np.ascontiguousarray(FEATURES[:16].T)
    monkeypatch.setattr(onnx_encoder, "_queries", lambda *_: FEATURES)
    path = tmp_path / "out" / "x.onnx"

    def call(module=None):
        if module is not None:
            monkeypatch.setattr(method, "module", lambda: module)
        trained_on_features = Trained(next(iter(made.records())), method, None)
        write_onnx(tmp_path, trained_on_features, Plugins(), None, path)
        return path

    return call


def test_a_run_on_given_features_takes_features(on_features):
    path = on_features()
    about = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert about["input"].startswith("float32 features") and "side" not in about
    expected = (FEATURES[:7] - FEATURES[0]) @ FEATURES[:16].T
    assert np.allclose(encoded(path, FEATURES[:7]), expected, atol=1e-4)


def test_a_method_without_a_module_is_refused(encoder, tmp_path):
    with pytest.raises(ConfigError, match="method 'signs' has no torch module"):
        encoder("--method", "signs", "--bits", "16")
    assert not (tmp_path / "x.onnx").exists()


def test_other_pictures_than_the_runs_are_refused(encoder, monkeypatch):
    monkeypatch.setattr(onnx_encoder, "read_json", lambda *_: {"query": ["another"] * 24})
    with pytest.raises(DataError, match="'shapes' has other images than run"):
        encoder("--method", "lsh", "--bits", "16")


def test_an_encoder_that_disagrees_is_not_kept(encoder, tmp_path, monkeypatch):
    embed = onnx_encoder.Encoder.embed
    monkeypatch.setattr(onnx_encoder.Encoder, "embed", lambda *given: -embed(*given))
    with pytest.raises(DataError, match=r"cosine -1.0000 for the worst of 24 queries"):
        encoder("--method", "lsh", "--bits", "16")
    assert not list(tmp_path.glob("*x.onnx*"))


class Fixed(torch.nn.Module):
    def forward(self, rows):
        return rows.reshape(len(rows), 2, -1).flatten(1)


class Fails(torch.nn.Module):
    def forward(self, rows):
        return rows if rows.sum() > 0 else -rows


@pytest.mark.parametrize(
    ("module", "error", "said"),
    [
        (Fixed(), DataError, "became an encoder of 2 inputs at a time"),
        (Fails(), ConfigError, "cannot be expressed in ONNX"),
    ],
)
def test_a_module_that_cannot_be_an_encoder_is_refused(on_features, tmp_path, module, error, said):
    with pytest.raises(error, match=said):
        on_features(module)
    assert not list((tmp_path / "out").iterdir())


def test_cosines_of_zero_vectors():
    rows = np.array([[0, 0], [1, 0], [0, 0]], dtype=np.float32)
    others = np.array([[0, 0], [2, 0], [1, 0]], dtype=np.float32)
    assert onnx_encoder._cosines(rows, others).tolist() == [1, 1, 0]


@pytest.mark.parametrize("module", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_extra_is_named(cli, run, tmp_path, monkeypatch, module):
    run_id = run("--method", "lsh", "--bits", "16")[0]["run_id"]
    from hashbench.export import exported

    found = exported.find_spec
    monkeypatch.setattr(exported, "find_spec", lambda name: None if name == module else found(name))
    status, out, err = cli(
        "export", run_id, "--to", "onnx", "-o", tmp_path / "x", "--runs", tmp_path / "runs"
    )
    assert (status, out) == (2, "")
    assert err == f"error: {module} is not installed. Expected hashbench[onnx].\n"


def test_the_command_prints_a_table(cli, run, tmp_path):
    run_id = run("--method", "lsh", "--bits", "16")[0]["run_id"]
    out = tmp_path / "x.onnx"
    status, printed, err = cli("export", run_id, "--to", "onnx", "-o", out, "--runs", tmp_path / "runs")
    assert status in (0, None), err
    assert f"{out.stat().st_size:,}" in printed and "least cosine 1.000000" in printed
