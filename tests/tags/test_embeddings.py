"""Word vectors: the bundled ones, and the two file formats users bring."""

import numpy as np
import pytest

from hashbench.errors import DataError
from hashbench.tags.embeddings import embed_tags, embed_words, embeddings_fingerprint

VECTORS = {"cat": [1.0, 0.0, 2.0], "dog": [0.0, 1.0, 0.5], "Paris": [3.0, 3.0, 3.0]}


def text(path, header=False):
    lines = [f"{word} {' '.join(map(str, vector))}" for word, vector in VECTORS.items()]
    path.write_text("\n".join([f"{len(VECTORS)} 3", *lines] if header else lines) + "\n")
    return path


def binary(path, newline=b""):
    packed = [
        word.encode() + b" " + np.array(vector, dtype="<f4").tobytes() + newline
        for word, vector in VECTORS.items()
    ]
    path.write_bytes(f"{len(VECTORS)} 3\n".encode() + b"".join(packed))
    return path


@pytest.fixture(params=["glove", "word2vec text", "word2vec binary", "word2vec binary with newlines"])
def source(request, tmp_path):
    match request.param:
        case "glove":
            return str(text(tmp_path / "vectors.txt"))
        case "word2vec text":
            return str(text(tmp_path / "vectors.vec", header=True))
        case "word2vec binary":
            return str(binary(tmp_path / "vectors.bin"))
        case _:
            return str(binary(tmp_path / "vectors.bin", newline=b"\n"))


def test_every_format_gives_the_same_vectors(source):
    got = embed_tags(["cat", "unknown", "dog", "paris"], source)
    assert got.known.tolist() == [True, False, True, True]
    expected = [VECTORS["cat"], [0, 0, 0], VECTORS["dog"], VECTORS["Paris"]]
    assert got.vectors.tolist() == expected


def test_phrases_are_the_mean_of_the_words_that_are_known(source):
    got = embed_tags(["cat dog", "big cat"], source)
    assert got.vectors.tolist() == [[0.5, 0.5, 1.25], VECTORS["cat"]]


def test_the_bundled_vectors_know_what_a_sunset_is():
    got = embed_tags(["sunset", "sunrise", "keyboard", "xqzzyv"])
    assert got.known.tolist() == [True, True, True, False]
    assert got.vectors.shape == (4, 50)
    unit = got.vectors[:3] / np.linalg.norm(got.vectors[:3], axis=1, keepdims=True)
    assert unit[0] @ unit[1] > 0.8 > unit[0] @ unit[2]


@pytest.mark.parametrize("cut", [3, 20, 30])
def test_a_file_cut_short_is_refused(tmp_path, cut):
    path = binary(tmp_path / "vectors.bin")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"damaged|know none"):
        embed_tags(["dog"], str(path))


@pytest.mark.parametrize("content", ["cat 1 2 x\n", "cat 1 2 3\ndog 1 2\n"])
def test_text_that_is_no_table_of_numbers_is_refused(tmp_path, content):
    (tmp_path / "vectors.txt").write_text(content)
    with pytest.raises(DataError, match="damaged"):
        embed_tags(["cat", "dog"], str(tmp_path / "vectors.txt"))


def test_vectors_that_know_no_tag_are_refused(source):
    with pytest.raises(DataError, match="know none of the 1 tags"):
        embed_tags(["zebra"], source)


def test_fingerprints_follow_the_content(tmp_path):
    one, other = text(tmp_path / "a.txt"), text(tmp_path / "b.txt")
    assert embeddings_fingerprint(str(one)) == embeddings_fingerprint(str(other))
    other.write_text("cat 1 2 4\n")
    assert embeddings_fingerprint(str(one)) != embeddings_fingerprint(str(other))
    with pytest.raises(DataError, match="not there"):
        embeddings_fingerprint(str(tmp_path / "c.txt"))


def test_words_that_are_asked_for_are_embedded_as_tags_are(source):
    asked = ["cat", "cat dog"]
    assert np.array_equal(embed_words(asked, str(source)), embed_tags(asked, str(source)).vectors)


def test_a_word_without_a_vector_is_named(source):
    with pytest.raises(DataError, match="word 'qzx' has no vector in "):
        embed_words(["cat", "qzx dog"], str(source))
    with pytest.raises(DataError, match="words 'qzx', 'xzq' have no vectors in 'glove-6b-50d'"):
        embed_words(["qzx house", "xzq qzx"])
