"""Vocabularies from files, good and hostile."""

import pytest

from hashbench.errors import DataError
from hashbench.tags.vocabulary import read_vocabulary


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "words.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_word_a_line_is_read_once_and_sorted(file):
    assert read_vocabulary(file("sky\n\n  Golden Gate \r\nsky\ncafé")).words == (
        "Golden Gate",
        "café",
        "sky",
    )


@pytest.mark.parametrize("content", ["sunset 1234\nred rose\t7\n", "\ufeffsunset 1234\nred rose 7"])
def test_counts_at_the_end_of_every_line_are_left_out(file, content):
    assert read_vocabulary(file(content)).words == ("red rose", "sunset")


def test_a_number_that_some_lines_end_in_belongs_to_the_tag(file):
    assert read_vocabulary(file("route 66\nsky\n")).words == ("route 66", "sky")


def test_the_identity_follows_the_words_and_not_their_order(file):
    one = read_vocabulary(file("sky\nsea\n")).identity()
    assert one == read_vocabulary(file("sea\nsky\nsea")).identity()
    assert one != read_vocabulary(file("sea\n")).identity()
    assert one["name"] == "words.txt"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"sky\nsea\xff\n", "line 2: no UTF-8"),
        (b"sky\n\nse\x00a\n", "line 3: a control character"),
        (b"sky\n!!!\n", "line 2: '!!!' has no letter"),
        (b"sky\n" + b"a" * 201, "line 2: 201 characters"),
        (b"\xff\xfes\x00k\x00y\x00", "line 1: no UTF-8"),
        (b"sky\n" * (3 << 20), "too large. Expected at most 8 MiB"),
    ],
)
def test_what_is_no_list_of_words_is_refused(file, content, said):
    with pytest.raises(DataError, match=said) as error:
        read_vocabulary(file(content))
    assert "words.txt" in str(error.value) and "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_vocabulary(path)
