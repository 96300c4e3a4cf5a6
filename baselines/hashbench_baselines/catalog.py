"""Every baseline, in the order of the documentation.

Modules in here import neither torch nor faiss nor scikit-learn when they are imported, but when they
train: to list methods must be quick.
"""

from __future__ import annotations

from hashbench.methods.method import Method
from hashbench_baselines.agh import AGH
from hashbench_baselines.aq import AQ
from hashbench_baselines.bihalf import BiHalf
from hashbench_baselines.cca_itq_labels import CCAITQLabels
from hashbench_baselines.cca_itq_tags import CCAITQ
from hashbench_baselines.cibhash import CIBHash
from hashbench_baselines.float32 import Float32
from hashbench_baselines.fused_pq import FusedPQ
from hashbench_baselines.greedyhash import GreedyHash
from hashbench_baselines.int8 import Int8
from hashbench_baselines.itq import ITQ
from hashbench_baselines.lsh import LSH
from hashbench_baselines.lsq import LSQ
from hashbench_baselines.mecoq import MeCoQ
from hashbench_baselines.opq import OPQ
from hashbench_baselines.orthohash import OrthoHash
from hashbench_baselines.pcah import PCAH
from hashbench_baselines.pq import PQ
from hashbench_baselines.prq import PRQ
from hashbench_baselines.rabitq import RaBitQ
from hashbench_baselines.ridge_itq import RidgeITQ
from hashbench_baselines.rq import RQ
from hashbench_baselines.scadh import SCADH
from hashbench_baselines.sdh import SDH
from hashbench_baselines.sh import SpectralHashing
from hashbench_baselines.sklsh import SKLSH
from hashbench_baselines.sph import SphericalHashing
from hashbench_baselines.wdht import WDHT

METHODS: list[type[Method]] = [
    # unsupervised, binary
    LSH,
    PCAH,
    ITQ,
    SpectralHashing,
    SphericalHashing,
    AGH,
    SKLSH,
    # unsupervised, quantization
    PQ,
    OPQ,
    RQ,
    PRQ,
    AQ,
    LSQ,
    # unsupervised, of a size of their own
    RaBitQ,
    Int8,
    Float32,
    # unsupervised, networks
    GreedyHash,
    BiHalf,
    CIBHash,
    MeCoQ,
    # from tags
    WDHT,
    SCADH,
    # from tags, controls that no paper proposes
    RidgeITQ,
    CCAITQ,
    FusedPQ,
    # from labels
    CCAITQLabels,
    SDH,
    OrthoHash,
]
