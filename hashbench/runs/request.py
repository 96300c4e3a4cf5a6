"""From what a person asked for to a run's identity, and the pieces to carry it out.

Nothing here computes features or trains: a run that is in the store is found in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hashbench.data.collection import Collection, FeatureCollection
from hashbench.data.web import WebSet
from hashbench.errors import ConfigError, UnknownNameError
from hashbench.features.backbone import Backbone
from hashbench.methods.config import MethodConfig, Preset, resolve_config
from hashbench.methods.method import Context, Method
from hashbench.plugins import ALL, Plugins, pick
from hashbench.progress import Progress
from hashbench.runs.data import Opener, PreparedDataset
from hashbench.runs.spec import RunSpec
from hashbench.tags.noise import Noise
from hashbench.tags.recipe import TagRecipe
from hashbench.tags.vocabulary import read_vocabulary


@dataclass(frozen=True)
class RunRequest:
    """One cell of the grid that `hashbench run` spans; None stands for the default."""

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
    """All that it takes to carry a run out."""

    spec: RunSpec
    budget: int
    variant: str
    method: type[Method]
    config: MethodConfig
    data: PreparedDataset
    recipe: TagRecipe
    web: WebSet | None
    backbone: Backbone | None

    def build(self, device: str, progress: Progress) -> Method:
        """The method, unfitted."""
        context = Context(self.budget, self.spec.seed, device, self.backbone, progress)
        return self.method(self.config, context)


class Preparer:
    """Turns requests into prepared runs."""

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self.opener = Opener(plugins)
        self._backbones: dict[tuple[str | None, Path | None], tuple[Backbone, dict[str, Any]]] = {}

    def methods(
        self, names: Sequence[str], data: PreparedDataset, web: str | None
    ) -> tuple[list[str], list[str]]:
        """Names of methods with `all` spelt out, and a sentence for each that is left out.

        Left out is what finds in the data set, and in the web set that is given, nothing to learn from.

        Raises:
            ConfigError: Nothing is left.
        """
        found, said = [], []
        for name, method in self.plugins.methods.items():
            seen = method.SUPERVISION
            lacking = "" if seen.sees_web and web else data.lacks(seen)
            if lacking and name not in names:
                said.append(f"{name} is left out: {data.images.name} has no {lacking}")
            else:
                found.append(name)
        chosen = [*found, *(name for name in names if name not in {ALL, *found})]
        if not chosen:
            raise ConfigError("no method is installed that could be run.")
        return chosen, said

    def check_preset(self, names: Sequence[str], preset: str | None) -> None:
        """Refuse a preset that one of the methods does not have, before anything is fetched for another.

        Raises:
            UnknownNameError: There is no such method, or it has no such preset.
        """
        for name in names:
            _preset(pick("method", name, self.plugins.methods), preset)

    def prepare(self, request: RunRequest) -> PreparedRun:
        """Look everything up and validate it.

        Raises:
            HashbenchError: Something that was asked for is unknown, invalid or missing.
        """
        method = pick("method", request.method, self.plugins.methods)
        preset = _preset(method, request.preset)
        config = resolve_config(method.PLUGIN_NAME, method.Config, preset.config, request.settings)
        recipe = self.recipe(request.protocol, request.vocabulary, request.noise, request.noise_seed)
        # Building the method checks the budget before any data is opened.
        unfitted = method(config, Context(request.bits, request.seed))
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
            split={"name": data.split.name, "fingerprint": data.split.fingerprint(data.images)},
            protocol=recipe.identity(),
            web={"name": web.images.name, "fingerprint": web.fingerprint()} if web else None,
            backbone=identity,
            seed=request.seed,
        )
        variant = _variant(method, request.preset, config)
        return PreparedRun(spec, request.bits, variant, method, config, data, recipe, web, backbone)

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
        return None, {"name": "precomputed"}


def _preset(method: type[Method], name: str | None) -> Preset:
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
    usual = resolve_config(method.PLUGIN_NAME, method.Config, _preset(method, preset).config, {})
    before, after = usual.model_dump(mode="json"), config.model_dump(mode="json")
    changed = [f"{key}={after[key]}" for key in sorted(after) if after[key] != before[key]]
    named = [preset] if preset and preset != next(iter(method.PRESETS)) else []
    return ", ".join(named + changed)


def parse_settings(pairs: Sequence[str], methods: Sequence[str]) -> dict[str, dict[str, str]]:
    """Settings of each method from `key=value`, which means all of them, and `method.key=value`.

    Raises:
        ConfigError: A pair has no key or no equals sign, or names a method that is not run.

    >>> parse_settings(["seeds=1", "one.width=64"], ["one", "two"])
    {'one': {'seeds': '1', 'width': '64'}, 'two': {'seeds': '1'}}
    """
    settings: dict[str, dict[str, str]] = {method: {} for method in methods}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        method, _, key = name.strip().rpartition(".")
        if not equals or not key:
            raise ConfigError(f"--set {pair!r}: Expected key=value or method.key=value.")
        if method and method not in settings:
            raise ConfigError(
                f"--set {pair!r}: method {method!r} is not run. Expected {', '.join(methods)}."
            )
        for meant in [method] if method else methods:
            settings[meant][key] = value.strip()
    return settings
