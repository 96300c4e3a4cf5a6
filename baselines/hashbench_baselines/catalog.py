"""Every baseline, in the order of the documentation.

Modules in here import neither torch nor faiss nor scikit-learn when they are imported, but when they
train: to list methods must be quick.
"""

from __future__ import annotations

from hashbench.methods.method import Method
from hashbench_baselines.itq import ITQ
from hashbench_baselines.lsh import LSH
from hashbench_baselines.opq import OPQ
from hashbench_baselines.pcah import PCAH
from hashbench_baselines.pq import PQ

METHODS: list[type[Method]] = [
    # unsupervised, binary
    LSH,
    PCAH,
    ITQ,
    # unsupervised, quantization
    PQ,
    OPQ,
    # unsupervised, networks
    # from tags
    # from labels
]
