"""From grids to the runs that they span, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from hashbench.errors import ConfigError, HashbenchError, PluginError, reason
from hashbench.plugins import ALL
from hashbench.progress import Progress
from hashbench.runs.data import PreparedDataset
from hashbench.runs.request import PreparedRun, Preparer, RunRequest, preset_of
from hashbench.runs.sweep import NO_NOISE, Grid


def span(grids: Sequence[Grid], preparer: Preparer, progress: Progress) -> list[PreparedRun]:
    """Every run of the grids, looked up and validated; a run that several ask for is one.

    A method that stands for `all` and cannot be run is left out, and said.

    Raises:
        HashbenchError: A run that was asked for by name is unknown, invalid or lacks something.
    """
    for grid in grids:
        _check(grid, preparer)
    prepared: dict[str, PreparedRun] = {}
    for grid in grids:
        prepared |= {run.spec.key(): run for run in _prepared(grid, preparer, progress)}
    return list(prepared.values())


def _check(grid: Grid, preparer: Preparer) -> None:
    """Refuse what is wrong whatever the data, before data are fetched for anything.

    Raises:
        UnknownNameError: There is no such method, or it has no such preset.
        ConfigError: One folder is to hold several data sets.
    """
    for name, preset in product(_named(grid), grid.preset):
        preset_of(preparer.method(name), preset)
    root = next(filter(None, grid.data_root), None)
    if root and len(grid.dataset) > 1:
        raise ConfigError(
            f"data root {str(root)!r}: {len(grid.dataset)} data sets are asked for. Expected one."
        )


def _prepared(grid: Grid, preparer: Preparer, progress: Progress) -> list[PreparedRun]:
    """The runs of a grid; see `span`."""
    # A method that a setting names is meant, too.
    named = {*_named(grid), *(_parted(key)[0] for key in grid.set)}
    runs: list[PreparedRun] = []
    refused: dict[str, HashbenchError] = {}
    for request in _requests(grid, preparer, progress):
        try:
            runs.append(_prepare(request, preparer))
        except HashbenchError as error:
            if request.method in named:
                raise
            refused[f"{request.method} at {request.bits} bits"] = error
        else:
            _tell(runs[-1], progress)
    if not runs:
        # What keeps all of them from being run is no method's fault.
        raise next(iter(refused.values()))
    for what, why in refused.items():
        progress.notice(f"{what} is left out: {why}")
    web = next(filter(None, grid.web), None)
    if web and not any(run.web for run in runs):
        raise ConfigError(f"web set {web!r}: none of the methods learns from a web set.")
    return runs


def _prepare(request: RunRequest, preparer: Preparer) -> PreparedRun:
    """Look a run up.

    Raises:
        HashbenchError: It cannot be run; also where a plugin breaks in the middle of it.
    """
    try:
        return preparer.prepare(request)
    except HashbenchError:
        raise
    except Exception as error:
        raise PluginError(
            f"{request.method} at {request.bits} bits cannot be prepared "
            f"({type(error).__name__}: {reason(error)}). That is a bug of the method or of the data set."
        ) from error


def _tell(run: PreparedRun, progress: Progress) -> None:
    """Say where several coordinates are one run."""
    name, asked = run.request.method, run.request
    if run.spec.bits != asked.bits:
        progress.notice(f"{name} takes {run.spec.bits:,} bits an image whatever is asked for")
    if run.spec.seed != asked.seed:
        progress.notice(f"{name} draws nothing at random: every seed is one run")


def _requests(grid: Grid, preparer: Preparer, progress: Progress) -> Iterator[RunRequest]:
    """Every cell of a grid."""
    for dataset, tags, split, root, web, preset in product(
        grid.dataset, grid.tags, grid.split, grid.data_root, grid.web, grid.preset
    ):
        names: Sequence[str] = grid.method
        if ALL in names:
            data = preparer.opener.open(dataset, split, root, tags)
            names, left_out = _methods(grid, preparer, data, web, preset)
            for sentence in left_out:
                progress.notice(sentence)
        settings = settings_of(grid.set, names)
        for protocol, vocabulary, noise, noise_seed, backbone, weights, name in product(
            grid.protocol,
            grid.vocabulary,
            grid.noise,
            grid.noise_seed,
            grid.backbone,
            grid.weights,
            names,
        ):
            for chosen, bits, seed in product(settings[name], grid.bits, grid.seed):
                yield RunRequest(
                    method=name,
                    bits=bits,
                    dataset=dataset,
                    tags=tags,
                    protocol=protocol,
                    vocabulary=vocabulary,
                    noise=None if noise == NO_NOISE else noise,
                    noise_seed=noise_seed,
                    web=web,
                    backbone=backbone,
                    weights=weights,
                    preset=preset,
                    seed=seed,
                    settings=chosen,
                    split=split,
                    data_root=root,
                )


def _named(grid: Grid) -> list[str]:
    """The methods that the grid names."""
    return [name for name in grid.method if name != ALL]


def _methods(
    grid: Grid, preparer: Preparer, data: PreparedDataset, web: str | None, preset: str | None
) -> tuple[list[str], list[str]]:
    """What `all` stands for and the methods that are named beside it, and who is left out and why.

    Left out is what has no such preset, and what finds nothing to learn from in the data set and in the
    web set that is given.

    Raises:
        ConfigError: Nothing is left.
    """
    found, said = [], []
    for name, method in preparer.plugins.methods.items():
        seen = method.SUPERVISION
        lacking = "" if seen.sees_web and web else data.lacks(seen)
        if name in grid.method:
            found.append(name)
        elif preset and preset not in method.PRESETS:
            said.append(f"{name} is left out: it has no preset {preset!r}")
        elif lacking:
            said.append(f"{name} is left out: {data.images.name} has no {lacking}")
        else:
            found.append(name)
    if not found:
        raise ConfigError("no method is installed that could be run.")
    return found, said


def settings_of(
    values: Mapping[str, Sequence[str]], methods: Sequence[str]
) -> dict[str, list[dict[str, str]]]:
    """By method, every combination of settings; `key` means all methods, `method.key` one, and wins.

    Raises:
        ConfigError: A setting names a method that is not run.

    >>> settings_of({"width": ["8", "16"], "two.width": ["4"], "one.depth": ["1"]}, ["one", "two"])["two"]
    [{'width': '4'}]
    """
    chosen: dict[str, dict[str, Sequence[str]]] = {method: {} for method in methods}
    # Those without a method come first.
    for written in sorted(values, key=lambda written: "." in written):
        method, key = _parted(written)
        if method and method not in chosen:
            raise ConfigError(
                f"setting {written!r}: method {method!r} is not run. Expected {', '.join(methods)}."
            )
        for meant in [method] if method else methods:
            chosen[meant][key] = values[written]
    return {
        method: [dict(zip(keys, cell, strict=True)) for cell in product(*keys.values())]
        for method, keys in chosen.items()
    }


def _parted(setting: str) -> tuple[str, str]:
    """A setting's method, empty for all, and its key."""
    method, _, key = setting.rpartition(".")
    return method, key
