"""`hashbench export`: a run's codes or encoder for engines and suites that exist."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from hashbench.cli.options import DEFAULT_STORE, DataRoot, Runs
from hashbench.cli.output import print_rows
from hashbench.errors import ConfigError, UnknownNameError

FAISS, LANCEDB, ONNX, ANN_BENCHMARKS = TARGETS = ("faiss", "lancedb", "onnx", "ann-benchmarks")
_INDEX, _NEIGHBORS = "flat", 100


def export(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="Id of a run, or how it alone begins, or its folder.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help=f"{', '.join(TARGETS)}.")],
    out: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="OUT", help="File to write; of lancedb, the folder."),
    ],
    codes: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Codes of `hashbench encode`.", show_default="the run's database"),
    ] = None,
    index: Annotated[
        str, typer.Option(help="Of binary codes in faiss: flat, or approximate: hash or hnsw.")
    ] = _INDEX,
    neighbors: Annotated[
        int, typer.Option(metavar="K", help="True neighbours of each query in ann-benchmarks.")
    ] = _NEIGHBORS,
    weights: Annotated[
        Path | None,
        typer.Option(help="The backbone's weights, where the run had a file of yours (onnx)."),
    ] = None,
    data_root: DataRoot = None,
    runs: Runs = DEFAULT_STORE,
) -> None:
    """Write a run's codes or encoder for other engines, and check that these give what the suite gives."""
    if to not in TARGETS:
        raise UnknownNameError("--to", to, TARGETS)
    for given, option, target in (
        (index != _INDEX, "--index", FAISS),
        (neighbors != _NEIGHBORS, "--neighbors", ANN_BENCHMARKS),
        (weights is not None, "--weights", ONNX),
        (data_root is not None, "--data-root", ONNX),
    ):
        if given and to != target:
            raise ConfigError(f"{option} is for --to {target}, not for {to}.")
    if codes is not None and to == ONNX:
        raise ConfigError("--codes is for codes, and --to onnx exports the encoder.")
    from hashbench.export.exported import size
    from hashbench.export.source import source_of
    from hashbench.runs.store import RunStore

    folder = RunStore(runs).folder(run)
    # What a library prints is no result.
    with redirect_stdout(sys.stderr):
        if to == ONNX:
            from hashbench.export.onnx_encoder import write_onnx
            from hashbench.plugins import Plugins
            from hashbench.progress import on_stderr
            from hashbench.runs.trained import trained

            plugins = Plugins()
            method = trained(folder, plugins, "cpu", on_stderr(), weights)
            exported = write_onnx(folder, method, plugins, data_root, out)
        elif to == FAISS:
            from hashbench.export.faiss_index import write_faiss

            exported = write_faiss(source_of(folder, codes), out, index)
        elif to == LANCEDB:
            from hashbench.export.lance_table import write_lance

            exported = write_lance(source_of(folder, codes), out)
        else:
            from hashbench.export.ann_benchmarks import write_ann_benchmarks

            exported = write_ann_benchmarks(source_of(folder, codes), out, neighbors)
    rows = []
    for place, file in enumerate(exported.files):
        each = f"{size(file) / exported.items:,.1f}" if exported.items else ""
        rows.append((str(file), f"{size(file):,}", each, exported.check if not place else ""))
    print_rows(("file", "bytes", "bytes an item", "checked"), rows)
