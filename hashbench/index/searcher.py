"""Searching an index by a picture or by words, with the method that made it.

D = embedding dimensions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

from hashbench.data.images import decode
from hashbench.encoding.encoder import viewer
from hashbench.errors import DataError, HashbenchError
from hashbench.index.index import RUN, Index
from hashbench.index.nearest import nearest_in
from hashbench.methods.method import Method
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.ranking.kernels.plain import NumpyKernel
from hashbench.runs.trained import Trained, trained
from hashbench.tags.text import normalise
from hashbench.training.device import resolve_device


@dataclass(frozen=True)
class Hit:
    """A picture that was found.

    Attributes:
        place: Its place in the index.
        name: What it is called: its path in the folder that was indexed.
        distance: From the query: a number of bits, or what codes are compared by; smaller is nearer.
    """

    place: int
    name: str
    distance: float


@dataclass(frozen=True)
class Found:
    """What a query found.

    Attributes:
        hits: The nearest pictures, nearest first.
        encode_seconds: From the picture or the words to what is compared.
        scan_seconds: To compare it with every code.
    """

    hits: list[Hit]
    encode_seconds: float
    scan_seconds: float


class Searcher:
    """An index with the method that made it, loaded; for one search at a time.

    Attributes:
        index: What is searched.
    """

    def __init__(self, index: Index, loaded: Trained, device: str) -> None:
        """Take an index and its method.

        Raises:
            DataError: The method cannot look at pictures.
        """
        self.index = index
        self._method, self._backbone = loaded.method, loaded.backbone
        self._view = viewer(loaded, device)
        self._blas = ThreadpoolController()

    @classmethod
    def open(cls, folder: Path, *, weights: Path | None = None, device: str = "auto") -> Searcher:
        """Open an index and load its method.

        Args:
            folder: The index.
            weights: Of the backbone, where the run had a file of the user's.
            device: Where to compute, as torch names it.

        Raises:
            HashbenchError: There is no such index, or its run cannot be used here; see `trained`.
        """
        index, device = Index.open(folder), resolve_device(device)
        loaded = trained(folder / RUN, Plugins(), device, SilentProgress(), weights)
        return cls(index, loaded, device)

    @property
    def distance(self) -> str:
        """What pictures are compared by."""
        return self.index.record.primary

    @cached_property
    def no_words(self) -> str | None:
        """Why there is no search by words; None where there is one."""
        name = self._method.PLUGIN_NAME
        try:
            known = self._method.embed_words(())
        except HashbenchError as error:
            return str(error)
        if known is not None:
            return None
        able = sorted(
            other
            for other, method in Plugins().methods.items()
            if method.embed_words is not Method.embed_words
        )
        return (
            f"method {name!r} knows pictures and no words. Expected a picture, or an index by a method "
            f"that takes words: {', '.join(able) or 'none is installed'}."
        )

    def by_picture(self, encoded: bytes, k: int) -> Found:
        """What is nearest to a picture.

        Args:
            encoded: Its file.
            k: How many pictures.

        Raises:
            DataError: It cannot be decoded; the message says why.
        """
        return self._search(lambda: self._seen(encoded), k)

    def by_words(self, words: str, k: int) -> Found:
        """What is nearest to words, to the mean of what they mean where there are several.

        Raises:
            DataError: There are none, one is not known, or the method has no words.
        """
        asked = normalise(words)
        if not asked:
            raise DataError(f"there is no word in {words!r}. Expected some, such as 'flower'.")
        if self.no_words:
            raise DataError(self.no_words)
        return self._search(lambda: self._meant(asked), k)

    def _seen(self, encoded: bytes) -> np.ndarray:
        assert self._backbone is not None  # noqa: S101 - the viewer saw to it
        pixels = np.stack([decode(encoded, self._backbone.SIDE)])
        return self._method.embed(self._view(pixels))

    def _meant(self, asked: str) -> np.ndarray:
        embedded = self._method.embed_words([asked])
        assert embedded is not None  # noqa: S101 - `no_words` saw to it
        return embedded

    def _search(self, embed: Callable[[], np.ndarray], k: int) -> Found:
        """Embed a query, float32 (1, D), and scan the index."""
        codes = self.index.codes
        started = time.perf_counter()
        embedded = embed()
        query = self._method.quantize(embedded)
        encoded = time.perf_counter()
        # One query is too little for more than a thread: that others begin and end takes longer than their
        # work, and compiled loops would first have to load.
        with self._blas.limit(limits=1, user_api="blas"):
            places, distances = nearest_in(codes, query, embedded, k, NumpyKernel())
        hits = [
            Hit(place, codes.name(place), distance)
            for place, distance in zip(places[0].tolist(), distances[0].tolist(), strict=True)
        ]
        return Found(hits, encoded - started, time.perf_counter() - encoded)
