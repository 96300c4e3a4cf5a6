"""Reports are written whole, only where they change, and between marks."""

import pytest

from hashbench.errors import StoreError
from hashbench.reports.writing import write_between, write_text

PAGE = "before\n<!-- begin board -->\nold\n<!-- end board -->\nafter\n"


def test_a_text_is_written_once(tmp_path):
    path = tmp_path / "new" / "page.md"
    assert write_text(path, "± 1\n")
    before = path.stat().st_mtime_ns
    assert not write_text(path, "± 1\n")
    assert path.stat().st_mtime_ns == before
    assert path.read_text(encoding="utf-8") == "± 1\n"
    assert [file.name for file in path.parent.iterdir()] == ["page.md"]


def test_what_stands_between_the_marks_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    assert write_between(page, "board", "new\n")
    assert page.read_text() == PAGE.replace("old", "\nnew\n")
    assert not write_between(page, "board", "new")


@pytest.mark.parametrize(
    "content",
    [
        "no marks",
        "<!-- begin board -->\n",
        "<!-- end board -->\n<!-- begin board -->\n",
        PAGE + PAGE,
        PAGE.replace("board", "other"),
    ],
)
def test_a_page_without_its_marks_is_left_alone(tmp_path, content):
    page = tmp_path / "page.md"
    page.write_text(content)
    with pytest.raises(
        StoreError, match=r"no place 'board' .* Expected the line '<!-- begin board -->' once"
    ):
        write_between(page, "board", "new")
    assert page.read_text() == content


def test_a_page_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(StoreError, match="cannot read .* Expected a Markdown file"):
        write_between(tmp_path / "none.md", "board", "new")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        write_text(tmp_path / "file" / "page.md", "new")


def test_a_link_stays_a_link_and_a_file_keeps_its_mode(tmp_path):
    (tmp_path / "page.md").write_text("old")
    (tmp_path / "page.md").chmod(0o600)
    (tmp_path / "link.md").symlink_to(tmp_path / "page.md")
    assert write_text(tmp_path / "link.md", "new")
    assert (tmp_path / "link.md").is_symlink() and (tmp_path / "page.md").read_text() == "new"
    assert (tmp_path / "page.md").stat().st_mode & 0o777 == 0o600
