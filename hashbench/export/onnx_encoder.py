"""The encoder of a run as one ONNX file, from pixels or given features to embeddings.

B = batch, S = side in pixels, F = feature dimensions, D = embedding dimensions.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.codes.floats import FloatCodes
from hashbench.codes.storage import Codes
from hashbench.data.collection import FeatureCollection, ImageCollection
from hashbench.data.images import decode_all
from hashbench.data.views import ImageView
from hashbench.errors import ConfigError, DataError, reason
from hashbench.export.exported import Exported, require, require_new
from hashbench.files import whole_file
from hashbench.plugins import Plugins, pick
from hashbench.runs.folder import SPLIT, per_query, read_json
from hashbench.runs.trained import Trained

if TYPE_CHECKING:
    from torch import nn

OUTPUT = "embedding"
# As many of the run's queries are encoded by both, and so much has the worst of them to agree.
_CHECKED, _LEAST_COSINE = 64, 0.999


@dataclass(frozen=True)
class Encoder:
    """What a run's inputs become embeddings by.

    Attributes:
        trained: The run's method.
        module: From inputs to embeddings, in evaluation mode.
        name: What the inputs are: `pixels`, uint8 (B, S, S, 3), or `features`, float32 (B, F).
        features: From pixels to what the method works on, where that is not pixels.
    """

    trained: Trained
    module: nn.Module
    name: str
    features: nn.Module | None

    @classmethod
    def of(cls, trained: Trained) -> Encoder:
        """Put together what a run had.

        Raises:
            ConfigError: The method has no torch module.
        """
        from torch import nn  # noqa: PLC0415 - loads slowly

        from hashbench.features.network import FromImages  # noqa: PLC0415

        method, backbone = trained.method, trained.backbone
        module = method.module()
        if module is None:
            raise ConfigError(
                f"method {method.PLUGIN_NAME!r} has no torch module to be exported. "
                "Expected a method that overrides `Method.module`."
            )
        module.eval()
        if method.inputs == "pixels":
            return cls(trained, module, "pixels", None)
        if backbone is None:
            return cls(trained, module, "features", None)
        features = FromImages(backbone.network(), backbone.CROP).eval()
        return cls(trained, nn.Sequential(features, module).eval(), "pixels", features)

    def embed(self, inputs: np.ndarray) -> np.ndarray:
        """What the suite makes of inputs, float32 (B, D)."""
        import torch  # noqa: PLC0415

        method = self.trained.method
        if method.inputs == "pixels":
            return method.embed(ImageView(pixels=inputs))
        if self.features is not None:
            with torch.inference_mode():
                inputs = self.features(torch.from_numpy(inputs)).numpy()
        return method.embed(ImageView(features=inputs))


def write_onnx(
    folder: Path, trained: Trained, plugins: Plugins, root: Path | None, target: Path
) -> Exported:
    """Write the encoder, with its preprocessing and weights inside.

    Args:
        folder: The run's.
        trained: Its method.
        plugins: What is installed.
        root: The folder of the data set's files, where it needs one: queries are encoded as a check.
        target: The .onnx file.

    Raises:
        ConfigError: onnx is missing, the method has no module, or the file is there.
        DataError: The data set is missing or another, or the two encoders disagree.
        StoreError: The disk refuses.
    """
    for module in ("onnx", "onnxscript", "onnxruntime"):
        require(module, "onnx")
    require_new(target)
    encoder = Encoder.of(trained)
    inputs = _queries(folder, encoder, plugins, root)
    ours = encoder.embed(inputs)
    codes = trained.method.quantize(ours)
    with whole_file(target) as path:
        _write(encoder, inputs, _about(encoder, ours, codes), path)
        check = _checked(encoder, inputs, ours, codes, path)
    return Exported((target,), 0, check)


def _queries(folder: Path, encoder: Encoder, plugins: Plugins, root: Path | None) -> np.ndarray:
    """The first of the run's queries, as the encoder takes them.

    Raises:
        UnknownNameError: The data set is not installed.
        DataError: It is missing, or its images are others.
    """
    spec = encoder.trained.record.spec
    name = spec.dataset["name"]
    images = pick("data set", name, plugins.datasets)(root, spec.dataset["tags"] or None).images()
    ids = [str(query) for query in per_query(folder, ["query"])["query"][:_CHECKED]]
    known = {image: place for place, image in enumerate(images.ids)}
    places = [known.get(query, -1) for query in ids]
    if [images.hashes[place] for place in places] != read_json(folder, SPLIT)["query"][: len(ids)]:
        raise DataError(f"data set {name!r} has other images than run {folder.name!r}. Expected the same.")
    if encoder.name == "features":
        assert isinstance(images, FeatureCollection)  # noqa: S101 - a run without a backbone had features
        return np.ascontiguousarray(images.features[places])
    assert isinstance(images, ImageCollection)  # noqa: S101 - a backbone saw images
    backbone = encoder.trained.backbone
    assert backbone is not None  # noqa: S101 - pixels are one's
    return np.stack([pixels for _, pixels in decode_all(images, places, backbone.SIDE)])


def _about(encoder: Encoder, embeddings: np.ndarray, codes: Codes) -> dict[str, str]:
    """What whoever has nothing but the file has to know."""
    record, backbone = encoder.trained.record, encoder.trained.backbone
    about = {
        "run": record.spec.run_id(),
        "method": record.spec.method["name"],
        "bits": str(record.spec.bits),
        "kind": codes.KIND,
        "dimensions": str(embeddings.shape[1]),
    }
    if encoder.name == "pixels" and backbone is not None:
        about["side"] = str(backbone.SIDE)
        about["input"] = (
            "uint8 RGB, decoded, turned as EXIF says, transparency laid on white, squeezed to "
            f"{backbone.SIDE} x {backbone.SIDE} pixels whatever its sides by an antialiasing bicubic "
            "filter; cropping and normalising are inside"
        )
    else:
        about["input"] = "float32 features, as the data set gives them"
    if not isinstance(codes, BinaryCodes):
        about["similarity"] = codes.similarity.value
        about["code"] = (
            "a query is compared as it is, by ADC with the codebooks of the exported codes; items are "
            "coded by the method's own search (hashbench encode)"
        )
    elif np.array_equal(BinaryCodes.from_signs(embeddings).packed, codes.packed):
        about["similarity"] = "hamming"
        about["code"] = "numpy.packbits(embedding > 0, axis=1)"
    else:
        about["similarity"] = "hamming"
        about["code"] = "the method's own rule (hashbench encode)"
    return about


def _write(encoder: Encoder, inputs: np.ndarray, about: dict[str, str], path: Path) -> None:
    """Trace the module and write it, for any number of inputs.

    Raises:
        ConfigError: It does something that ONNX has no operator for.
    """
    import torch  # noqa: PLC0415

    batch = {0: torch.export.Dim("batch")}
    try:
        with _quiet():
            program = torch.onnx.export(
                encoder.module,
                (torch.from_numpy(inputs[:2]),),
                dynamo=True,
                dynamic_shapes=(batch,),
                input_names=[encoder.name],
                output_names=[OUTPUT],
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise ConfigError(
            f"method {about['method']!r} cannot be expressed in ONNX ({reason(error)}). "
            "Expected a module of operators that torch.onnx knows."
        ) from error
    assert program is not None  # noqa: S101 - what the dynamo exporter gives
    program.model.metadata_props.update(about)
    program.save(path, external_data=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let the exporter keep what it says of itself to itself."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _checked(encoder: Encoder, inputs: np.ndarray, ours: np.ndarray, codes: Codes, path: Path) -> str:
    """Encode by the file as it lies on the disk, and compare.

    Raises:
        DataError: An embedding points elsewhere, or the number of inputs is fixed.
    """
    import onnxruntime  # noqa: PLC0415 - loads slowly

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    if isinstance(size := session.get_inputs()[0].shape[0], int):
        raise DataError(
            f"method {encoder.trained.method.PLUGIN_NAME!r} became an encoder of {size} inputs at a time. "
            "Expected a module that takes any number: none whose shapes come from `len` of a tensor."
        )
    theirs = session.run([OUTPUT], {encoder.name: inputs})[0]
    cosines = _cosines(ours, theirs)
    worst = float(cosines.min())
    if not worst > _LEAST_COSINE:
        raise DataError(
            f"the exported encoder disagrees with run {encoder.trained.record.spec.run_id()!r}: cosine "
            f"{worst:.4f} for the worst of {len(inputs)} queries. Nothing was kept. Expected more than "
            f"{_LEAST_COSINE}."
        )
    said = f"least cosine {worst:.6f} of {len(inputs)} queries under onnxruntime"
    if isinstance(codes, FloatCodes):
        return said
    same = _rows(encoder.trained.method.quantize(theirs)) == _rows(codes)
    return f"{said}, {same.all(axis=1).mean():.1%} of codes equal"


def _cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of rows with rows; 1 where both are zero."""
    products = np.einsum("bd,bd->b", one, other, dtype=np.float64)
    lengths = np.linalg.norm(one.astype(np.float64), axis=1) * np.linalg.norm(other, axis=1)
    zero = np.asarray(~one.any(axis=1) & ~other.any(axis=1), dtype=np.float64)
    return np.divide(products, lengths, out=zero, where=lengths > 0)


def _rows(codes: Codes) -> np.ndarray:
    """Bits, levels or words of each item; a number beside them would differ in its last digit."""
    return codes.arrays()[codes.BY_ITEM[0]]
