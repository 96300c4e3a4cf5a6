"""What tests of methods measure: mean average precision on the pictures, by seed."""

import numpy as np

from hashbench.codes.binary import BinaryCodes
from hashbench.data.supervision import Supervision
from hashbench.data.views import ImageView, TrainView
from hashbench.methods.method import Context
from hashbench.metrics.presets import SUITE
from hashbench.metrics.score import score
from hashbench.ranking.distances import hamming, suited
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
    return means(hamming(query, database), pictures)["map@all"]


def scores_of(method, pictures):
    """What a method reaches on the pictures by the distance that it is ranked by."""
    query, database = pictures.query(), pictures.database()
    return means(suited(method.encode(query), method.encode(database), method.embed(query))[0], pictures)


def means(distances, pictures):
    """The suite's metrics of distances between queries and database."""
    relevance = Relevance.of(pictures.labels[: pictures.queries], pictures.labels[pictures.queries :])
    return score(distances, relevance, [SUITE], resolve_kernel())[SUITE.name].means()
