"""`hashbench index`, `search` and `serve`: what they print, and one line for whatever is wrong."""

import json
import shutil

import pytest
from indexes import PICTURES
from PIL import Image

from hashbench.cli import serve as serving


@pytest.fixture
def picture(tmp_path):
    from stranger import draw

    (tmp_path / "query.png").write_bytes(draw(20)[0])
    return tmp_path / "query.png"


@pytest.fixture
def search(cli, index_of):
    return lambda method, *arguments: cli("search", index_of(method), *arguments, "--device", "cpu")


def refused(outcome):
    """The one line that bad input gives."""
    status, out, err = outcome
    assert (status, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1, err
    return err


def test_a_picture_finds_itself_first(search, picture):
    status, out, _ = search("signs", picture, "-k", 4)
    assert not status
    rows = [line.split("│") for line in out.splitlines() if line.startswith("│")]
    assert len(rows) == 4
    assert rows[0][1].strip() == "1" and rows[0][2].strip().startswith("020-") and rows[0][3].strip() == "0"
    assert f"{PICTURES} pictures, 2 bytes each. The query took " in out


def test_words_are_found_as_json(search):
    status, out, _ = search("wsdhq", "red", "ball", "--format", "json")
    told = json.loads(out)
    assert not status
    assert (told["query"], told["kind"], told["distance"]) == ("red ball", "words", "aqd")
    assert (told["pictures"], told["bytes_per_picture"], len(told["found"])) == (PICTURES, 2, 12)
    assert {*told["seconds"]} == {"encode", "scan"}
    assert told["found"] == sorted(told["found"], key=lambda one: one["distance"])


@pytest.mark.parametrize("kind", ["picture", "words"])
@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_a_sheet_shows_what_was_found(search, picture, tmp_path, kind, suffix):
    asked = ["wsdhq", "red"] if kind == "words" else ["signs", picture]
    sheet = tmp_path / f"sheet{suffix}"
    status, _, err = search(*asked, "--sheet", sheet)
    assert not status, err
    with Image.open(sheet) as image:
        assert image.width > 1000 and len(image.convert("RGB").getcolors(1 << 20)) > 50


def test_a_sheet_is_of_a_known_kind(search, tmp_path):
    assert "Expected a file that ends in .png or .webp." in refused(
        search("signs", "red", "--sheet", tmp_path / "sheet.pdf")
    )


def test_what_cannot_be_searched_with_is_told_in_a_line(search, tmp_path):
    text, empty = tmp_path / "text.jpg", tmp_path / "empty.png"
    text.write_text("these are words")
    empty.write_bytes(b"")
    assert "text.jpg' cannot be decoded (no image of a known kind)" in refused(search("signs", text))
    assert "empty.png' cannot be decoded (an empty file)" in refused(search("signs", empty))
    gone = refused(search("signs", tmp_path / "gone.jpg"))
    assert (
        "gone.jpg' cannot be read (No such file or directory). Expected a picture file, or words." in gone
    )
    assert "(File name too long)" in refused(search("signs", "a" * 300))
    assert "knows pictures and no words" in refused(search("signs", "red"))
    assert "word 'qzx' has no vector" in refused(search("wsdhq", "red", "qzx"))
    assert "-k" in refused(search("signs", "red", "-k", 0))


def test_what_is_no_index_is_told_in_a_line(cli, index_of, tmp_path, picture):
    assert "is no index" in refused(cli("search", tmp_path / "nowhere", picture))
    shutil.copytree(index_of("signs"), tmp_path / "copy")
    (tmp_path / "copy" / "codes.json").write_text("{}")
    assert "is no set of codes" in refused(cli("search", tmp_path / "copy", picture))
    assert "is no index" in refused(cli("serve", tmp_path / "nowhere", "--port", 0))


def test_an_index_says_what_was_left_out(cli, run, tmp_path):
    from indexes import draw_pictures

    draw_pictures(tmp_path / "pictures", 12)
    run("--method", "signs", "--bits", "16")
    made = ["index", "signs", tmp_path / "pictures", "-o", tmp_path / "index", "--runs", tmp_path / "runs"]
    status, out, _ = cli(*made)
    assert not status
    assert "12, binary, 2 bytes each" in out and "1 that cannot be decoded, 'damaged.png'" in out
    status, out, _ = cli(*made, "--format", "json")
    assert json.loads(out)["encoded"] == 0
    assert "no run 'nothing' is in the store" in refused(cli("index", "nothing", *made[2:]))


def test_a_server_needs_its_packages(cli, index_of, monkeypatch):
    monkeypatch.setattr(serving, "_PACKAGES", ("fastapi", "no_such_package"))
    assert "needs no_such_package. Expected hashbench[serve]." in refused(cli("serve", index_of("signs")))
