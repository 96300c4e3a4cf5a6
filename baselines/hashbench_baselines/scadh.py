"""SCADH: scalable deep hashing for social images (Cui, Zhu, Li, Yang, Nie, IEEE TIP 2020).

N = images, F = feature dimensions, T = tags, m = anchors, b = bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field
from scipy.linalg import eigh, solve
from scipy.sparse import csr_array, diags_array

from hashbench.data.supervision import Supervision
from hashbench.data.views import TrainView
from hashbench.methods.config import MethodConfig
from hashbench.tags.table import TagTable
from hashbench_baselines.shared.anchors import anchor_affinities, choose_anchors, kernel_width
from hashbench_baselines.shared.blocks import by_blocks
from hashbench_baselines.shared.linear import LinearHash
from hashbench_baselines.shared.moments import Moments
from hashbench_baselines.shared.pca import principal_directions
from hashbench_baselines.shared.ridge import ridge_regression
from hashbench_baselines.shared.rotation import random_rotation
from hashbench_baselines.shared.tag_targets import require_tags
from hashbench_baselines.shared.target_itq import rotate_or_spread

# ITQ's usual number.
_ROTATIONS = 50


class SCADHConfig(MethodConfig):
    """Settings of SCADH.

    Attributes:
        anchors: Of the visual graph.
        neighbours: Nearest anchors that an image is tied to.
        graph: Weight of the graph (lambda 6 of the authors' code).
        noise: Weight of the tags' noise (lambda 1) ...
        fidelity: ... and of what noise and refined tags leave unexplained (mu).
        codes: Weight of the codes' distance from what the refined tags say (lambda 2).
        shrinkage: Of the map from tags to codes (lambda 3).
        iterations: Of the discrete optimisation.
        ridge: Of the hash function, times the features' total variance.
    """

    anchors: int = Field(default=500, ge=2)
    neighbours: int = Field(default=3, ge=1)
    graph: float = Field(default=10.0, ge=0)
    noise: float = Field(default=10.0, ge=0)
    fidelity: float = Field(default=100.0, gt=0)
    codes: float = Field(default=100.0, gt=0)
    shrinkage: float = Field(default=10.0, gt=0)
    iterations: int = Field(default=10, ge=1)
    ridge: float = Field(default=0.5, gt=0)


class SCADH(LinearHash):
    """Codes of the training images from tags and a visual graph, then a linear hash function."""

    PLUGIN_NAME = "scadh"
    DESCRIPTION = "discrete codes from denoised tags and an anchor graph (Cui et al., TIP 2020)"
    SUPERVISION = Supervision.TAGS
    Config = SCADHConfig

    def prepare(self) -> None:
        """Import FAISS, which chooses the anchors."""
        import faiss  # noqa: F401, PLC0415

    def choose_projection(self, centred: np.ndarray, view: TrainView[TagTable]) -> np.ndarray:
        """Ridge regression of the training images' codes on their features.

        Raises:
            DataError: Fewer than two images have a tag.
        """
        require_tags(view.tags)
        return ridge_regression(Moments.of(centred, self._codes(centred, view.tags)), self.config.ridge)

    def _codes(self, features: np.ndarray, tags: TagTable) -> np.ndarray:
        """The training images' codes, -1 or 1, (N, b)."""
        config, seed = self.config, self.context.seed
        problem = Problem(
            tags.incidence.toarray().astype(np.float32),
            visual_graph(features, config.anchors, config.neighbours, seed),
            config,
        )
        codes = first_codes(problem.tags, problem.graph, self.context.bits, seed)
        with self.context.progress.task("updates of codes", config.iterations) as advance:
            return problem.solve(codes, advance).codes


@dataclass(frozen=True)
class Solution:
    """What the discrete optimisation changes.

    Attributes:
        tags: The refined tags Y, (N, T).
        mapping: W, from refined tags to codes, (T, b).
        codes: B, -1 or 1, (N, b).
    """

    tags: np.ndarray
    mapping: np.ndarray
    codes: np.ndarray


@dataclass(frozen=True)
class Problem:
    """The discrete optimisation: codes, refined tags, and the map between them, in turn.

    Attributes:
        tags: F, 1 where an image carries a tag, else 0, (N, T).
        graph: S of `visual_graph`, (N, m).
        config: Weights, and how often.
    """

    tags: np.ndarray
    graph: csr_array
    config: SCADHConfig

    def objective(self, solution: Solution) -> float:
        """What no step raises, written out in `docs/methods/scadh.md`."""
        config, (tags, mapping, codes) = self.config, _parts(solution)
        residual = np.abs(self.tags - tags)
        bend = config.noise / config.fidelity
        huber = np.where(
            residual <= bend, config.fidelity / 2 * residual**2, config.noise * (residual - bend / 2)
        )
        rough = codes.size - np.square(self.graph.T @ codes).sum()
        return float(
            np.linalg.svd(tags, compute_uv=False).sum()
            + huber.sum()
            + config.codes / 2 * np.square(codes - tags @ mapping).sum()
            + config.shrinkage / 2 * np.square(mapping).sum()
            + config.graph * rough
        )

    def solve(self, codes: np.ndarray, advance: Callable[[int], None] = lambda done: None) -> Solution:
        """Round after round of steps.

        Args:
            codes: The first codes, -1 or 1, float32 (N, b).
            advance: Called after each round.
        """
        solution = Solution(self.tags, np.zeros((self.tags.shape[1], codes.shape[1]), np.float32), codes)
        for _ in range(self.config.iterations):
            for step in self.steps:
                solution = step(solution)
            advance(1)
        return solution

    @property
    def steps(self) -> tuple[Callable[[Solution], Solution], ...]:
        """What makes a round; none raises the objective."""
        return self.with_mapping, self.with_tags, self.with_mapping, self.with_codes

    def with_mapping(self, solution: Solution) -> Solution:
        """The best map from tags to codes, by ridge regression."""
        tags, config = solution.tags, self.config
        gram = (tags.T @ tags).astype(np.float64)
        gram[np.diag_indices(len(gram))] += config.shrinkage / config.codes
        mapping = solve(gram, tags.T @ solution.codes, assume_a="pos")
        return replace(solution, mapping=mapping.astype(tags.dtype))

    def with_tags(self, solution: Solution) -> Solution:
        """One proximal gradient step on the refined tags: of its length, none can raise the objective."""
        config, (tags, mapping, codes) = self.config, _parts(solution)
        curvature = config.fidelity + config.codes * float(np.linalg.norm(mapping, ord=2)) ** 2
        pull = np.clip(config.fidelity * (self.tags - tags), -config.noise, config.noise)
        pull += config.codes * (codes - tags @ mapping) @ mapping.T
        return replace(solution, tags=shrink_rank(tags + pull / curvature, 1 / curvature))

    def with_codes(self, solution: Solution) -> Solution:
        """Signs of what graph and tags ask for; the objective is concave in codes of fixed length."""
        smooth = self.graph @ (self.graph.T @ solution.codes)
        wanted = 2 * self.config.graph * smooth + self.config.codes * solution.tags @ solution.mapping
        signs = np.where(wanted == 0, solution.codes, np.sign(wanted)).astype(np.float32)
        return replace(solution, codes=signs)


def _parts(solution: Solution) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return solution.tags, solution.mapping, solution.codes


def shrink_rank(matrix: np.ndarray, threshold: float) -> np.ndarray:
    """The matrix whose singular values are lower by a threshold, but at least 0.

    It is the proximal step of the nuclear norm. The eigenvectors of the small (T, T) product do the
    work of the singular vectors of the large matrix.

    Args:
        matrix: (N, T).
        threshold: Above 0.

    Returns:
        (N, T), of the same type.
    """
    squared, directions = eigh((matrix.T @ matrix).astype(np.float64))
    values = np.sqrt(np.maximum(squared, 0))
    kept = np.maximum(1 - threshold / np.maximum(values, threshold), 0)
    shrunk: np.ndarray = matrix @ ((directions * kept) @ directions.T).astype(matrix.dtype)
    return shrunk


def first_codes(tags: np.ndarray, graph: csr_array, bits: int, seed: int) -> np.ndarray:
    """Codes to start from: ITQ's of each image's tags together with those of its visual neighbours.

    Args:
        tags: F, (N, T).
        graph: S of `visual_graph`, (N, m).
        bits: b.
        seed: The run's seed.

    Returns:
        float32 (N, b), -1 or 1.
    """
    spread = tags + graph @ (graph.T @ tags)
    spread -= spread.mean(axis=0)
    directions = principal_directions(spread, min(bits, tags.shape[1]))
    projected = by_blocks(spread, lambda part: part @ directions)
    start = random_rotation(bits, seed, "scadh")
    turned = projected @ rotate_or_spread(projected, start, _ROTATIONS)
    return np.where(turned > 0, 1, -1).astype(np.float32)


def visual_graph(features: np.ndarray, anchors: int, neighbours: int, seed: int) -> csr_array:
    """Half of the anchor graph: S with S S' = Z D^-1 Z', Z ties images to anchors, D is its column sums.

    Args:
        features: float32 (N, F).
        anchors: m, cut to N.
        neighbours: Anchors of an image.
        seed: The run's seed.

    Returns:
        Sparse float32 (N, m).
    """
    chosen = choose_anchors(features, anchors, seed)
    width = kernel_width(features, chosen, neighbours)
    ties = anchor_affinities(features, chosen, neighbours, width)
    # An anchor that no image is tied to has no entries to divide.
    sums = np.maximum(ties.sum(axis=0), np.finfo(np.float32).tiny)
    return (ties @ diags_array(1 / np.sqrt(sums))).tocsr().astype(np.float32)
