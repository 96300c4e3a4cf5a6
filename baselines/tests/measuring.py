"""What tests of methods measure: mean average precision on the pictures, by seed."""

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Context
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.ranking.distances import hamming
from hashbench.ranking.kernels.choice import resolve_kernel
from hashbench.ranking.relevance import Relevance


def fitted(cls, features, bits=32, seed=0, **settings):
    """A method that needs no supervision, fitted to features."""
    method = cls(cls.Config(**settings), Context(bits=bits, seed=seed))
    method.prepare()
    view = TrainView(
        ImageView(features=features), Supervision.NONE, load_tags=list, load_web=list, load_labels=list
    )
    method.fit(view)
    return method


def encode(method, features):
    """Bits of features, bool (N, b)."""
    return method.encode(ImageView(features=features)).signs() > 0


def mean_ap(bits, pictures):
    """mAP@all of bits (N, b) of all pictures, of which the first are the queries."""
    query, database = (
        BinaryCodes(np.packbits(side, axis=1)) for side in np.split(bits, [pictures.queries])
    )
    relevance = Relevance.of(pictures.labels[: pictures.queries], pictures.labels[pictures.queries :])
    distances = hamming(query, database)
    return score(distances, relevance, [SUITE], resolve_kernel())[SUITE.name].means()["map@all"]


def differ_by_chance(one, other):
    """Whether the means of two lists of seeds' results are within three standard errors of each other."""
    error = np.sqrt(np.var(one, ddof=1) / len(one) + np.var(other, ddof=1) / len(other))
    return abs(np.mean(one) - np.mean(other)) <= 3 * error
