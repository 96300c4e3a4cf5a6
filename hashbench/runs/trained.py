"""The method that a finished run left: rebuilt from its folder, so that it can code other images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hashbench.errors import DataError, StoreError, WeightsError, reason
from hashbench.features.backbone import Backbone
from hashbench.methods.config import resolve_config
from hashbench.methods.method import Context, Method
from hashbench.plugins import Plugins, pick
from hashbench.progress import Progress
from hashbench.runs.folder import MODEL, read_run
from hashbench.runs.record import RunRecord
from hashbench.runs.spec import PRECOMPUTED, RunSpec


@dataclass(frozen=True)
class Trained:
    """A fitted method, with what turns pictures into its inputs.

    Attributes:
        record: The run.
        method: What it learnt.
        backbone: The network that it had, from pixels to features; None where features were given.
    """

    record: RunRecord
    method: Method
    backbone: Backbone | None


def trained(
    folder: Path, plugins: Plugins, device: str, progress: Progress, weights: Path | None = None
) -> Trained:
    """Rebuild what a run learnt.

    Args:
        folder: The run's.
        plugins: What is installed.
        device: Where to compute, as torch names it.
        progress: Where the method reports.
        weights: The backbone's weights, where the run was made with a file of the user's.

    Raises:
        UnknownNameError: The method or the backbone is not installed.
        DataError: The installed method is of another version.
        WeightsError: The backbone's weights are others than the run had.
        StoreError: The run's folder is damaged.
    """
    record = read_run(folder)
    spec = record.spec
    method: type[Method] = pick("method", spec.method["name"], plugins.methods)
    if spec.method["version"] != method.VERSION:
        raise DataError(
            f"run {folder.name!r} was made by version {spec.method['version']} of method "
            f"{method.PLUGIN_NAME!r}, and version {method.VERSION} is installed. Expected the same."
        )
    config = resolve_config(method.PLUGIN_NAME, method.Config, spec.method["config"], {})
    backbone = _backbone(spec, plugins, weights)
    fitted = method(
        config, Context(spec.bits, spec.seed, device=device, backbone=backbone, progress=progress)
    )
    try:
        from safetensors.numpy import load_file  # noqa: PLC0415 - looking up finished runs does without

        fitted.load_state(load_file(folder / MODEL))
    except Exception as error:  # methods raise whatever they stumble over
        raise StoreError(
            f"run {folder.name!r}: method {method.PLUGIN_NAME!r} cannot take back what it learnt from "
            f"{MODEL} ({reason(error)}). Expected a whole file: see `hashbench runs verify {folder.name}`."
        ) from error
    return Trained(record, fitted, backbone)


def _backbone(spec: RunSpec, plugins: Plugins, weights: Path | None) -> Backbone | None:
    """The run's backbone, proved to be the same."""
    name = spec.backbone["name"]
    if name == PRECOMPUTED:
        return None
    backbone = plugins.backbone(name)(weights)
    found = backbone.identity()
    if found != spec.backbone:
        other = [key for key, value in spec.backbone.items() if found.get(key) != value]
        raise WeightsError(
            f"backbone {name!r} is not as run {spec.run_id()!r} had it: {', '.join(other)} differ. "
            "Expected the same; --weights FILE names other weights."
        )
    return backbone
