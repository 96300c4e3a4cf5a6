"""Draw the diagrams of docs/architecture.md and docs/training.md.

    uv run docs/pictures/diagrams.py

The test suite draws them, too, and fails where the files say something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).parent
WIDTH, ROW, HEIGHT, MARGIN = 480, 84, 50, 12
STYLE = """
:root{--paper:#ffffff;--ink:#1f2328;--muted:#59636e;--box:#eef6f5;--line:#00796b}
@media (prefers-color-scheme:dark){
:root{--paper:#0d1117;--ink:#e6edf3;--muted:#9198a1;--box:#13262a;--line:#4db6ac}}
text{font:13px system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif}
text{fill:var(--ink);text-anchor:middle}
.name{font-weight:600}
.about,.label{font-size:12px;fill:var(--muted)}
.label{paint-order:stroke;stroke:var(--paper);stroke-width:5px}
.paper{fill:var(--paper)}
.box{fill:var(--box);stroke:var(--line)}
.edge{fill:none;stroke:var(--muted)}
.head{fill:var(--muted)}
.dashed{stroke-dasharray:5 4}
"""


@dataclass(frozen=True)
class Box:
    """A box: its row, where its middle is, its width, its name and one line about it."""

    row: int
    x: int
    width: int
    name: str
    about: str

    @property
    def top(self) -> int:
        """Where it begins."""
        return MARGIN + self.row * ROW

    @property
    def bottom(self) -> int:
        """Where it ends."""
        return self.top + HEIGHT

    def svg(self) -> str:
        """The box and its words."""
        return (
            f'<rect class="box" x="{self.x - self.width // 2}" y="{self.top}" width="{self.width}" '
            f'height="{HEIGHT}" rx="6"/>'
            f'<text class="name" x="{self.x}" y="{self.top + 21}">{escape(self.name)}</text>'
            f'<text class="about" x="{self.x}" y="{self.top + 39}">{escape(self.about)}</text>'
        )


def edge(start: Box, end: Box, label: str = "") -> str:
    """An arrow from the foot of a box to the head of one below."""
    # Arrows that lean enter and leave nearer to each other, so that none runs along a box.
    lean = max(-60, min(60, (end.x - start.x) // 3))
    x1, y1, x2, y2 = start.x + lean, start.bottom, end.x - lean, end.top - 4
    x, y = (start.x + 2 * end.x) // 3, (y1 + y2) // 2 + 4
    text = f'<text class="label" x="{x}" y="{y}">{escape(label)}</text>'
    return f'<path class="edge" marker-end="url(#head)" d="M{x1} {y1}L{x2} {y2}"/>' + (
        text if label else ""
    )


def around(start: Box, end: Box, label: tuple[str, ...]) -> str:
    """A dashed arrow along the right side."""
    x = WIDTH - 66
    path = f"M{start.x + start.width // 2} {start.top + 25}H{x}V{end.top + 25}H{end.x + end.width // 2 + 4}"
    y = (start.bottom + end.top) // 2 + 60
    lines = "".join(
        f'<text class="label" x="{x}" y="{y + 16 * number}">{escape(line)}</text>'
        for number, line in enumerate(label)
    )
    return f'<path class="edge dashed" marker-end="url(#head)" d="{path}"/>{lines}'


def drawn(title: str, boxes: list[Box], edges: list[str]) -> str:
    """The picture."""
    height = max(box.bottom for box in boxes) + MARGIN
    head = (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="5" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto">'
        '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}"><title>{escape(title)}</title><style>{STYLE}</style>{head}',
        '<rect class="paper" width="100%" height="100%"/>',
        *edges,
        *(box.svg() for box in boxes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def way_of_the_data() -> str:
    """The rooms, and what goes from one to the next."""
    data = Box(0, 205, 270, "data", "images, raw tags, web sets, labels, splits")
    tags = Box(1, 105, 190, "tags", "protocol, vocabulary, vectors")
    features = Box(1, 305, 190, "features", "decode, backbone, cache")
    methods = Box(2, 205, 200, "methods", "fit, embed, quantize")
    codes = Box(3, 205, 220, "codes", "bits, codebooks, scalars, floats")
    ranking = Box(4, 205, 240, "ranking", "Hamming, AQD, SQD; blocks of ties")
    metrics = Box(5, 205, 200, "metrics", "one a file, presets")
    runs = Box(6, 205, 200, "runs", "identity, record, store")
    reports = Box(7, 205, 200, "reports", "leaderboard, charts, site")
    boxes = [data, tags, features, methods, codes, ranking, metrics, runs, reports]
    chain = [edge(one, other) for one, other in pairwise(boxes[3:])]
    forks = [edge(data, tags), edge(data, features), edge(tags, methods), edge(features, methods)]
    truth = around(data, ranking, ("ground truth,", "for evaluation", "only"))
    return drawn("The way of the data", boxes, [*forks, *chain, truth])


def from_distances_to_numbers() -> str:
    """What ranking makes of codes, and metrics of that."""
    compared = Box(0, 120, 200, "Hamming, LookUp, Dense", "what is compared")
    relevance = Box(0, 360, 200, "Relevance", "distinct label sets, packed")
    kernel = Box(1, 240, 200, "kernel", "numba, torch or numpy")
    counts = Box(2, 120, 220, "DistanceCounts", "items by distance and grade")
    entries = Box(2, 360, 220, "entries", "distance and place in one number")
    radius = Box(3, 120, 190, "metrics by radius", "what lies within a distance")
    blocks = Box(3, 360, 220, "Blocks", "start, size, hits of each block")
    rank = Box(4, 360, 190, "metrics by rank", "exact means over ties")
    edges = [
        edge(compared, kernel),
        edge(relevance, kernel),
        edge(kernel, counts, "Hamming"),
        edge(kernel, entries, "other distances, ordered ties"),
        edge(counts, radius),
        edge(counts, blocks),
        edge(entries, blocks),
        edge(blocks, rank),
    ]
    boxes = [compared, relevance, kernel, counts, entries, radius, blocks, rank]
    return drawn("From distances to numbers", boxes, edges)


def a_step_of_training() -> str:
    """What becomes of a batch."""
    plan = Box(0, 240, 230, "Plan", "which images: seed and step alone")
    loader = Box(1, 240, 230, "Loader", "features or pixels, read ahead")
    source = Box(2, 240, 230, "Source", "on the device: crops, colours")
    forward = Box(3, 240, 230, "Network", "in parts, by every process its share")
    loss = Box(4, 240, 230, "Objective.loss", "of the whole batch")
    adam = Box(5, 240, 230, "Loop", "Adam, average, epochs, stopping")
    kept = Box(6, 120, 200, "Checkpoint", "every half minute")
    other = Box(6, 360, 200, "on_epoch_end", "codes, codebooks")
    chain = [plan, loader, source, forward, loss, adam]
    labels = ("places", "rows", "inputs", "outputs", "gradients")
    edges = [edge(one, two, label) for (one, two), label in zip(pairwise(chain), labels, strict=True)]
    return drawn("A step of training", [*chain, kept, other], [*edges, edge(adam, kept), edge(adam, other)])


DIAGRAMS = {
    "way-of-the-data.svg": way_of_the_data,
    "distances.svg": from_distances_to_numbers,
    "training.svg": a_step_of_training,
}

if __name__ == "__main__":
    for name, draw in DIAGRAMS.items():
        (FOLDER / name).write_text(draw())
