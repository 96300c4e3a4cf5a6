"""From one run that a person asked for to its identity, and the pieces to carry it out.

Nothing here computes features or trains: a run that is in the store is found in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hashbench.data.collection import Collection, FeatureCollection
from hashbench.data.web import WebSet
from hashbench.errors import ConfigError, DataError, PluginError, UnknownNameError
from hashbench.features.backbone import Backbone
from hashbench.methods.checkpoint import Checkpoint
from hashbench.methods.config import MethodConfig, Preset, resolve_config
from hashbench.methods.method import Context, Method
from hashbench.plugins import Plugins, pick
from hashbench.progress import Progress
from hashbench.runs.data import Opener, PreparedDataset
from hashbench.runs.spec import PRECOMPUTED, RunSpec
from hashbench.tags.noise import Noise
from hashbench.tags.recipe import TagRecipe
from hashbench.tags.vocabulary import read_vocabulary


@dataclass(frozen=True)
class RunRequest:
    """One cell of a grid; None stands for the default."""

    method: str
    bits: int
    dataset: str | None = None
    tags: str | None = None
    protocol: str | None = None
    vocabulary: Path | None = None
    noise: str | None = None
    noise_seed: int = 0
    web: str | None = None
    backbone: str | None = None
    weights: Path | None = None
    preset: str | None = None
    seed: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    data_root: Path | None = None


@dataclass(frozen=True)
class PreparedRun:
    """All that it takes to carry a run out; `request` is what it was made from."""

    request: RunRequest
    spec: RunSpec
    variant: str
    method: type[Method]
    config: MethodConfig
    data: PreparedDataset
    recipe: TagRecipe
    web: WebSet | None
    backbone: Backbone | None

    def build(
        self, device: str, progress: Progress, *, devices: int = 1, checkpoint: Checkpoint | None = None
    ) -> Method:
        """The method, unfitted."""
        context = Context(
            self.request.bits, self.spec.seed, device, devices, checkpoint, self.backbone, progress
        )
        return self.method(self.config, context)


class Preparer:
    """Turns requests into prepared runs."""

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self.opener = Opener(plugins)
        self._backbones: dict[tuple[str | None, Path | None], tuple[Backbone, dict[str, Any]]] = {}
        # By the data set that it splits, which stays open.
        self._splits: dict[int, str] = {}

    def method(self, name: str) -> type[Method]:
        """The method of that name.

        Raises:
            UnknownNameError: There is none.
            PluginError: There is none, and it may be in a plugin that could not be loaded.
        """
        try:
            return pick("method", name, self.plugins.methods)
        except UnknownNameError as error:
            broken = [f"{one.name} ({one.error})" for one in self.plugins.reports() if one.error]
            if not broken:
                raise
            raise PluginError(f"{error} Plugins that could not be loaded: {', '.join(broken)}.") from error

    def prepare(self, request: RunRequest) -> PreparedRun:
        """Look everything up and validate it.

        Raises:
            HashbenchError: Something that was asked for is unknown, invalid or missing.
        """
        method = self.method(request.method)
        preset = preset_of(method, request.preset)
        config = resolve_config(method.PLUGIN_NAME, method.Config, preset.config, request.settings)
        recipe = self.recipe(request.protocol, request.vocabulary, request.noise, request.noise_seed)
        seed = request.seed if method.RANDOM else 0
        # Building the method checks the budget before any data is opened.
        unfitted = method(config, Context(request.bits, seed))
        data = self.opener.open(request.dataset, request.split, request.data_root, request.tags)
        web = data.web_set(request.web) if method.SUPERVISION.sees_web else None
        backbone, identity = self._backbone(request, preset, data.images)
        _check_inputs(unfitted, data.images)
        spec = RunSpec(
            method={
                "name": method.PLUGIN_NAME,
                "version": method.VERSION,
                "config": config.model_dump(mode="json"),
                "sources": unfitted.sources(),
            },
            bits=_size(unfitted, backbone, data.images),
            dataset={"name": data.images.name, **data.fingerprints},
            split={"name": data.split.name, "fingerprint": self._split(data)},
            protocol=recipe.identity(),
            web={"name": web.images.name, "fingerprint": web.fingerprint()} if web else None,
            backbone=identity,
            seed=seed,
        )
        variant = _variant(method, request.preset, config)
        return PreparedRun(request, spec, variant, method, config, data, recipe, web, backbone)

    def again(self, request: RunRequest, key: str) -> PreparedRun:
        """Prepare in another process what was prepared elsewhere, with an identity of that key.

        Raises:
            HashbenchError: As `prepare`; a DataError where it would be another run.
        """
        run = self.prepare(request)
        if run.spec.key() != key:
            raise DataError("data or settings changed while the run was waiting. Expected them to stay.")
        return run

    def recipe(
        self, protocol: str | None, vocabulary: Path | None = None, noise: str | None = None, seed: int = 0
    ) -> TagRecipe:
        """What is to become of the tags; see `RunRequest`."""
        cls = pick("tag protocol", protocol, self.plugins.tag_protocols)
        return TagRecipe(
            cls(),
            None if vocabulary is None else read_vocabulary(vocabulary),
            None if noise is None else Noise.parse(noise, seed),
        )

    def _split(self, data: PreparedDataset) -> str:
        """The fingerprint of the split, taken once: it hashes the name of every image."""
        if id(data) not in self._splits:
            self._splits[id(data)] = data.split.fingerprint(data.images)
        return self._splits[id(data)]

    def _backbone(
        self, request: RunRequest, preset: Preset, images: Collection
    ) -> tuple[Backbone | None, dict[str, Any]]:
        """The backbone that was asked for, made once, and its identity; none where there are features.

        Raises:
            ConfigError: One was asked for, and there are no images that it could see.
        """
        if not isinstance(images, FeatureCollection):
            asked = request.backbone or preset.backbone, request.weights
            if asked not in self._backbones:
                made = self.plugins.backbone(asked[0])(request.weights)
                self._backbones[asked] = made, made.identity()
            return self._backbones[asked]
        if request.backbone or request.weights:
            raise ConfigError(
                f"data set {images.name!r} holds {images.kind}. Expected neither --backbone nor --weights."
            )
        return None, {"name": PRECOMPUTED}


def preset_of(method: type[Method], name: str | None) -> Preset:
    """The preset of that name, or the method's first."""
    chosen = name or next(iter(method.PRESETS))
    if chosen not in method.PRESETS:
        raise UnknownNameError(f"{method.PLUGIN_NAME} preset", chosen, method.PRESETS)
    return method.PRESETS[chosen]


def _check_inputs(method: Method, images: Collection) -> None:
    """Refuse to train on pixels where there are none.

    Raises:
        ConfigError: It would have to.
    """
    if method.inputs == "pixels" and isinstance(images, FeatureCollection):
        raise ConfigError(
            f"method {method.PLUGIN_NAME!r} works on pixels with these settings, and data set "
            f"{images.name!r} holds features. Expected a data set of images, or other settings."
        )


def _size(method: Method, backbone: Backbone | None, images: Collection) -> int:
    """Bits that an item's code will take.

    Raises:
        ConfigError: The method names no size that codes could have.
    """
    width = backbone.DIM if backbone else images.features.shape[1]  # type: ignore[attr-defined]
    bits = method.bits_for(int(width))
    if bits <= 0 or bits % 8:
        raise ConfigError(
            f"method {method.PLUGIN_NAME!r} says that its codes take {bits} bits. "
            "Expected a positive multiple of 8."
        )
    return bits


def _variant(method: type[Method], preset: str | None, config: MethodConfig) -> str:
    """In few words, how the settings differ from the method's usual ones."""
    usual = resolve_config(method.PLUGIN_NAME, method.Config, preset_of(method, preset).config, {})
    before, after = usual.model_dump(mode="json"), config.model_dump(mode="json")
    changed = [f"{key}={after[key]}" for key in sorted(after) if after[key] != before[key]]
    named = [preset] if preset and preset != next(iter(method.PRESETS)) else []
    return ", ".join(named + changed)
