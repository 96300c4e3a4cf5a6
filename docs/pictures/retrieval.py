"""Draw what each method finds: a query and its nearest database pictures, right and wrong marked.

    uv run docs/pictures/retrieval.py RUN_FOLDER [RUN_FOLDER ...] --out docs/pictures/retrieval.png

Takes stored codes, trains nothing. The queries are spread evenly over the query list, so that nobody
chose them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from hashbench.codes.additive import AdditiveCodes
from hashbench.codes.storage import load_codes
from hashbench.data.images import decode_one
from hashbench.plugins import Plugins, pick
from hashbench.ranking.distances import aqd, hamming
from hashbench.ranking.search import nearest

SIDE, FRAME, GAP, NAME = 84, 4, 6, 110
RIGHT, WRONG, INK = "#1a7f37", "#cf222e", "#1f2328"
FOUND = 10


def neighbours(folder: Path) -> np.ndarray:
    """Database positions of every query's nearest items, (Q, FOUND)."""
    query, database, embeddings = load_codes(folder / "codes.npz")
    asymmetric = isinstance(database, AdditiveCodes)
    return nearest(aqd(embeddings, database) if asymmetric else hamming(query, database), FOUND)


def paste(sheet: Image.Image, pixels: np.ndarray, corner: tuple[int, int], colour: str) -> None:
    """Lay a picture down in a frame."""
    x, y = corner
    ImageDraw.Draw(sheet).rectangle((x, y, x + SIDE + 2 * FRAME - 1, y + SIDE + 2 * FRAME - 1), fill=colour)
    sheet.paste(Image.fromarray(pixels), (x + FRAME, y + FRAME))


def main() -> None:
    """Read the runs, draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--queries", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    configs = [json.loads((run / "config.json").read_text())["spec"] for run in options.runs]
    dataset = pick("data set", configs[0]["dataset"]["name"], Plugins().datasets)()
    images, labels = dataset.images(), dataset.ground_truth().labels
    position = {content: index for index, content in enumerate(images.hashes)}
    split = json.loads((options.runs[0] / "split.json").read_text())
    query, database = (
        np.array([position[content] for content in split[part]]) for part in ("query", "database")
    )

    cell = SIDE + 2 * FRAME + GAP
    chosen = np.linspace(0, len(query) - 1, options.queries + 2).round().astype(int)[1:-1]
    height = options.queries * (len(options.runs) * cell + 2 * GAP)
    sheet = Image.new("RGB", (NAME + cell * (FOUND + 1) + 2 * GAP, height), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    found = [neighbours(run) for run in options.runs]
    for row, q in enumerate(chosen):
        for line, (config, nearest_items) in enumerate(zip(configs, found, strict=True)):
            y = row * (len(found) * cell + 2 * GAP) + line * cell + GAP
            if line == 0:
                paste(sheet, decode_one(images, query[q], SIDE), (GAP, y), INK)
            text = f"{config['method']['name']}\n{config['bits'] // 8} bytes"
            pen.text((cell + 2 * GAP, y + SIDE // 2 - 14), text, fill=INK, font=font)
            for column, item in enumerate(database[nearest_items[q]]):
                shared = (labels[item] & labels[query[q]]).any()
                corner = (NAME + cell + column * cell, y)
                paste(sheet, decode_one(images, item, SIDE), corner, RIGHT if shared else WRONG)
    sheet.quantize(128, dither=Image.Dither.NONE).save(options.out, optimize=True)


if __name__ == "__main__":
    main()
