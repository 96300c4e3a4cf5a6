"""A table of tags is read as spreadsheets save it, and a line that is not as expected is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hashbench.errors import DataError
from hashbench_datasets.photos import rows
from hashbench_datasets.photos.folder import look_through
from hashbench_datasets.photos.table import read_table

PHOTOS = ("a.jpg", "b.jpg", "trip/c.jpg", "trip/été.jpg")
CSV = "path,tags\na.jpg,Sea; sky |Golden Gate;sky\ntrip\\c.jpg,\n./trip//été.jpg,sun\n"
TAGS = (("Sea", "sky", "Golden Gate"), (), (), ("sun",))


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    (root / "trip").mkdir()
    for name in PHOTOS:
        Image.new("RGB", (4, 4)).save(root / name)
    return root


@pytest.fixture
def read(photos):
    """The table of a folder, from the bytes of its file."""
    written = []

    def of(content, name="tags.csv"):
        written.append(photos / name)
        written[-1].write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(look_through(photos))

    yield of
    for path in written:
        path.unlink(missing_ok=True)


@pytest.fixture
def refused(read):
    """Refuse a table, in one line that names it."""

    def of(content, match, name="tags.csv"):
        with pytest.raises(DataError, match=match) as error:
            read(content, name)
        assert name in str(error.value) and len(str(error.value)) < 1_000
        assert "\n" not in str(error.value)

    return of


def test_without_a_table_there_is_none(photos):
    assert read_table(look_through(photos)) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tags_of_photos_in_any_spelling_of_their_paths(read, encoding, end):
    table = read(CSV.replace("\n", end).encode(encoding))
    assert table.tags == TAGS
    assert table.labels is None and table.parts is None and table.missing == ()


def test_tabs_and_semicolons_between_cells(read, photos):
    assert read('PATH; Tags ;other\na.jpg;"Sea;sky";x\n').tags[0] == ("Sea", "sky")
    (photos / "tags.csv").unlink()
    assert read("tags\tpath\nSea, sky\ta.jpg\n", "tags.tsv").tags[0] == ("Sea", "sky")


def test_labels_and_parts(read):
    table = read("path,labels,split\na.jpg,beach|sea,Query\nb.jpg,,database\ntrip/c.jpg,hill,\n")
    assert table.tags is None
    assert table.labels == (("beach", "sea"), (), ("hill",), ())
    assert table.parts == ("query", "database", "", "")


def test_parquet_with_lists_and_with_text(read):
    import io

    import pandas as pd

    def parquet(**columns):
        buffer = io.BytesIO()
        pd.DataFrame(columns).to_parquet(buffer)
        return buffer.getvalue()

    paths = [*PHOTOS[:3], *(f"gone{n}.jpg" for n in range(40))]
    lists = [["Sea", "salt, pepper"], [], None, *([["x"]] * 40)]
    table = read(parquet(Path=paths, tags=lists, other=range(43)), "tags.parquet")
    assert table.tags == (("Sea", "salt, pepper"), (), (), ())
    assert len(table.missing) == 40 and table.missing[0] == "gone0.jpg"
    assert read(parquet(path=["a.jpg"], tags=["Sea|sky"]), "tags.parquet").tags[0] == ("Sea", "sky")
    for bad in ([1], [[1]], [["a", None]]):
        with pytest.raises(DataError, match=r"tags.parquet', row 1: a cell is neither text nor"):
            read(parquet(path=["a.jpg"], tags=bad), "tags.parquet")
    with pytest.raises(DataError, match=r"tags.parquet', row 1: path .*Expected a photo below"):
        read(parquet(path=["a\0.jpg"], tags=["x"]), "tags.parquet")


def test_a_damaged_or_large_parquet_is_refused(refused, monkeypatch):
    import io

    import pandas as pd

    refused(b"PAR1 no table", "damaged|cannot read", "tags.parquet")
    buffer = io.BytesIO()
    pd.DataFrame({"path": ["a.jpg"], "tags": ["x" * 100_000]}).to_parquet(buffer)
    monkeypatch.setattr(rows, "MOST_BYTES", 50_000)
    refused(buffer.getvalue(), "unfolds to .* Expected at most 50,000", "tags.parquet")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "no rows of photos. Expected columns path and tags"),
        ("path,tags\n", "no rows of photos"),
        ("file,tags\na.jpg,x\n", "no rows of photos. Expected columns path and tags"),
        ("path,keywords\na.jpg,x\n", "no rows of photos. Expected columns path and tags"),
        ("path,tags,Tags\na.jpg,x,y\n", "two columns 'tags'"),
        ("path,tags\na.jpg,x\nb.jpg,x,y\n", "line 3: 3 cells. Expected 2"),
        ("path,tags\na.jpg,x\n./a.jpg,y\n", "line 3: 'a.jpg' has a row before"),
        ("path,tags\na.jpg,x\n\n../b.jpg,y\n", r"line 4: path '../b.jpg'. Expected a photo below"),
        ("path,tags\ntrip/../../b.jpg,y\n", "line 2: path"),
        ("path,tags\n/etc/passwd,y\n", "line 2: path"),
        ("path,tags\nC:\\a.jpg,y\n", "line 2: path"),
        ("path,tags\n\\\\server\\a.jpg,y\n", "line 2: path"),
        ("path,tags\n,y\n", "line 2: path ''"),
        ("path,tags\na.jpg,x\0\n", "line 2: a NUL. Expected a table saved as UTF-8"),
        ("path,tags\na.jpg,x\n".encode("utf-16-le"), "a NUL"),
        ("path,tags\na.jpg,é\n".encode("cp1252"), "can't decode.*Expected a table saved as UTF-8"),
        (f"path,tags\na.jpg,{'x' * 200_000}\n", "line 2: field larger than field limit"),
        ('path,tags\na.jpg,"x\n', "line 2: unexpected end of data"),
        ('path,tags\na.jpg,"x"y\n', "line 2: ',' expected after"),
        ("path,tags,split\na.jpg,x,test\n", "line 2: split 'test'. Expected query, database, train"),
        ("path,tags\nz.jpg,x\ny.jpg,x\n", "names no photo in its folder: the first one is 'y.jpg'"),
        (f"path,tags\n{'x' * 5000}.jpg,x\n", "names no photo in its folder"),
    ],
)
def test_what_is_wrong_is_named(refused, content, match):
    refused(content, match)


def test_a_large_table_is_refused_unread(refused, monkeypatch):
    monkeypatch.setattr(rows, "MOST_BYTES", 20)
    refused(CSV, "bytes. Expected at most 20")


def test_a_link_that_leads_out_is_refused(read, photos, tmp_path):
    (tmp_path / "secret.jpg").write_bytes((photos / "a.jpg").read_bytes())
    (photos / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(DataError, match=r"tags.csv', line 3: 'link.jpg' is a link that leads out"):
        read("path,tags\na.jpg,x\nlink.jpg,y\n")
    (photos / "link.jpg").unlink()


def test_two_tables_are_refused(read):
    read(CSV)
    with pytest.raises(DataError, match=r"holds tags.csv and tags.tsv. Keep one"):
        read(CSV, "tags.tsv")


@given(
    content=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: f"path,tags\n{text}".encode())
)
def test_no_content_raises_anything_but_a_data_error(photos, content):
    path = photos / "tags.csv"
    path.write_bytes(content)
    try:
        read_table(look_through(photos))
    except DataError as error:
        assert "tags.csv" in str(error)
    finally:
        path.unlink()
