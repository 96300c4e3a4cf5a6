"""Product quantization (Jegou, Douze, Schmid, TPAMI 2011), trained by FAISS."""

from __future__ import annotations

from hashbench_baselines.product import ProductQuantizer


class PQ(ProductQuantizer):
    """Slices of the features as they come, squared Euclidean ADC."""

    PLUGIN_NAME = "pq"
    DESCRIPTION = "product quantization, ADC (Jegou et al., 2011)"
