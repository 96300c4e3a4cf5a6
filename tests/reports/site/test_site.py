"""A store becomes a folder of pages: all of it, safely, again to the byte, and nothing else is touched.

Where pages are meant to change, HASHBENCH_WRITE_GOLDEN=1 writes the golden ones anew; see test_faces.py.
"""

import os
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from made import made_store
from PIL import Image

from hashbench.errors import StoreError
from hashbench.metrics.presets import SUITE
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.reports.comparison import comparisons
from hashbench.reports.leaderboard import leaderboard, run_frame
from hashbench.reports.site import pictures
from hashbench.reports.site.summary import summary
from hashbench.reports.site.write import write_site
from hashbench.runs.store import RunStore
from hashbench.tags import noise

GOLDEN = Path(__file__).parents[1] / "golden" / "site"


def write(folder, store, **options):
    """Write a site of all that a store holds."""
    records = options.pop("records", None) or list(store.records())
    write_site(folder, records, store.failures(), SUITE, Plugins(), SilentProgress(), **options)
    return folder


@pytest.fixture(scope="module")
def site(made, tmp_path_factory):
    """The pages of the store that is made up."""
    return write(tmp_path_factory.mktemp("site") / "site", made)


@pytest.fixture(scope="module")
def few(made):
    """The runs of two methods of that store: enough for what does not depend on how many there are."""
    return [one for one in made.records() if one.spec.method["name"] in ("plain", "told")]


@pytest.fixture
def shapes(run, tmp_path):
    """A store of two runs on the drawn shapes."""
    run("--method", "lsh", "--method", "itq", "--bits", "16")
    return RunStore(tmp_path / "runs")


class Addresses(HTMLParser):
    """What a page links to and loads, and the places in it that can be linked to."""

    def __init__(self, page):
        super().__init__()
        self.links, self.loaded, self.ids, self.tags = [], [], [], []
        self.feed(page.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if tag == "a" else []
        self.loaded += [found[key] for key in ("src", "href") if key in found and tag != "a"]


def contents(folder):
    """Every file's bytes, by its place in a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def check_links(folder):
    """Every address leads to a file of the site, and to a place in it where it names one."""
    pages = {page: Addresses(page) for page in folder.rglob("*.html")}
    for page, found in pages.items():
        for address in found.links + found.loaded:
            if address.startswith("data:"):
                continue
            parts = urlsplit(address)
            assert not parts.scheme and not parts.netloc, f"{page}: {address}"
            goal = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert goal.is_file(), f"{page}: {address}"
            assert not parts.fragment or parts.fragment in pages[goal].ids, f"{page}: {address}"


@pytest.mark.parametrize("name", ["index.html", "run.html"])
def test_pages_are_those_that_somebody_has_looked_at(site, name):
    page = site / name if name == "index.html" else next((site / "runs").glob("typed_32b_toys_tags_s0_*"))
    text = page.read_text()
    # Charts have golden pictures of their own, and hashes of files move with the versions that wrote them.
    text = re.sub(r"<svg[^>]* class=\"chart\".*?</svg>", "<svg/>", text, flags=re.DOTALL)
    text = re.sub(r"<code>[0-9a-f]{64}</code>", "<code>SHA-256</code>", text)
    if os.environ.get("HASHBENCH_WRITE_GOLDEN"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_text(text, encoding="utf-8")
        pytest.fail(f"{name} is written anew: look at the difference, and run without the variable")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_every_run_and_method_has_a_page(site, made):
    records = list(made.records())
    assert {page.stem for page in (site / "runs").iterdir()} == {one.spec.run_id() for one in records}
    names = {one.spec.method["name"] for one in records}
    assert {page.stem for page in (site / "methods").iterdir()} == names
    assert (site / "index.html").is_file() and (site / "about.html").is_file()


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site):
    check_links(site)


def test_every_id_is_there_once_and_every_page_has_one_heading(site):
    for page in site.rglob("*.html"):
        found = Addresses(page)
        assert len(set(found.ids)) == len(found.ids), page
        assert found.tags.count("h1") == 1 and found.tags.count("main") == 1, page


def test_comparisons_with_noise_are_folded_away_from_the_others(site):
    page = (site / "index.html").read_text()
    before, _, folded = page.partition("<details>")
    assert before.count('<section class="comparison"') == 2
    assert folded.count('<section class="comparison"') == 4
    assert 'data-noise="missing 40%"' in folded and 'data-noise="missing 40%"' not in before


def test_runs_that_failed_are_listed_with_their_errors(site):
    page = (site / "index.html").read_text()
    assert "<strong>broken</strong>" in page and "ValueError: it does not fit" in page


def test_the_best_and_those_tied_with_it_are_marked_for_all_readers(site):
    page = (site / "index.html").read_text()
    assert re.search(r'<strong>0\.\d+[^<]*</strong><span class="unseen"> best</span>', page)


def test_seeds_are_one_row_that_links_to_each_run(site):
    page = (site / "index.html").read_text()
    rows = page.split('<tr class="row')
    row = next(row for row in rows if 'data-bits="32"' in row and ">typed</a>" in row)
    assert 'aria-label="typed, 32 bits, run of seed 1"' in row
    assert re.findall(r'runs/typed_32b_toys_tags_(s\d)_\w+\.html"', row) == ["s0", "s1", "s2"]


def test_what_rows_share_stands_above_them_and_not_in_a_column(site):
    page = (site / "index.html").read_text()
    assert '<p class="sizes">40 queries, 500 database images' in page and "Chance: mAP@all 0.150." in page
    headings = re.findall(r"<th scope=\"col\"[^>]*><div><span>([^<]+)</span>", page.partition("</form>")[2])
    columns = headings[: headings.index("runs") + 1]
    assert {"chance", "seeds", "distance"}.isdisjoint(columns) and columns[0] == "method"


def test_what_learns_from_labels_stands_last_and_apart(site):
    page = (site / "index.html").read_text()
    table = page.partition("</form>")[2].partition("</table>")[0]
    competing, ceiling = table.split('<tbody class="ceiling">')
    assert ">told</a>" in ceiling and ">told</a>" not in competing and ">typed</a>" not in ceiling
    assert "competes with no row" in ceiling


def test_the_summary_says_the_best_for_each_budget_and_what_is_tied_with_it(made):
    board = leaderboard(run_frame(made.records(), SUITE), SUITE)
    found = summary(next(iter(comparisons(board, SUITE))), SUITE)
    assert found.budgets == (16, 32, 64)
    lines = {line.supervision: line for line in found.lines}
    assert list(lines)[-1] == "labels" and lines["labels"].ceiling
    cell = lines["tags"].cells[1]
    assert (cell.method, cell.tied) == ("typed", ())
    assert cell.score.startswith("0.") and " ± " in cell.score
    assert cell.filters == "dataset=toys&protocol=tags&supervision=tags&bits=32"


def test_how_to_read_this_explains_every_noise_protocol_and_column(site):
    page = (site / "about.html").read_text()
    for name in (*Plugins().tag_protocols, *noise._KINDS, "hamming", "aqd", "sqd", "feature"):
        assert f">{name}</dt>" in page, name
    assert "picture" not in page


def test_codes_of_a_size_of_their_own_are_a_choice_of_their_own(few, made, tmp_path):
    bulky = [replace(one, own_size=True, spec=replace(one.spec, bits=3200)) for one in few[:1]]
    page = (write(tmp_path / "site", made, records=[*few, *bulky]) / "index.html").read_text()
    assert '<option value="own">own size</option>' in page and "<option>3200</option>" not in page
    assert 'data-bits="3200" data-own ' in page and "3,200 bits</th>" not in page


def test_a_page_of_a_run_says_all_that_is_known_of_it(site, made):
    record = next(one for one in made.records() if one.spec.method["name"] == "typed")
    page = (site / "runs" / f"{record.spec.run_id()}.html").read_text()
    known = ("12,345", "iterations", "tie-aware AP", "a processor", record.spec.key(), "picture 08")
    assert all(words in page for words in known)
    assert "mAP@all (ties optimistic)" in page and "map@all" not in page
    assert "Precision and recall" in page and "Learning curve" in page
    for name in ("codes.npz", "metrics.json"):
        assert name in page


def test_two_sites_of_one_store_are_equal_to_the_byte(site, made, tmp_path):
    assert contents(write(tmp_path / "again", made)) == contents(site)


def test_what_has_not_changed_is_not_written_again(few, made, tmp_path):
    folder = write(tmp_path / "site", made, records=few)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    write(folder, made, records=few)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_pages_of_runs_that_are_gone_are_removed_and_other_files_stay(few, made, tmp_path):
    folder = write(tmp_path / "site", made, records=few)
    (folder / "CNAME").write_text("example.org")
    kept = [one for one in few if one.spec.method["name"] == "plain"]
    write(folder, made, records=kept)
    assert {page.stem for page in (folder / "runs").iterdir()} == {one.spec.run_id() for one in kept}
    assert [page.name for page in (folder / "methods").iterdir()] == ["plain.html"]
    assert (folder / "CNAME").is_file()
    check_links(folder)


def test_a_folder_of_something_else_is_refused_and_left_as_it_was(few, made, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(StoreError, match=r"holds 'thesis.tex' and is no site of hashbench\. Expected"):
        write(tmp_path, made, records=few)
    assert contents(tmp_path) == {"thesis.tex": b"mine"}


def test_a_checkout_without_files_is_a_place_for_a_site(few, made, tmp_path):
    (tmp_path / ".git").mkdir()
    assert (write(tmp_path, made, records=few) / "index.html").is_file()


def test_a_file_in_the_place_of_the_folder_is_one_clear_line(few, made, tmp_path):
    (tmp_path / "site").write_text("")
    with pytest.raises(StoreError, match="is a file. Expected a folder"):
        write(tmp_path / "site", made, records=few)


def test_no_run_is_no_site(made, tmp_path):
    with pytest.raises(StoreError, match="there is no run to show"):
        write_site(tmp_path / "site", [], [], SUITE, Plugins(), SilentProgress())
    assert not (tmp_path / "site").exists()


def test_names_that_are_markup_do_no_harm(made, tmp_path):
    evil = '"><script>alert(1)</script>'
    record = next(iter(made.records()))
    spec = replace(
        record.spec,
        method={**record.spec.method, "name": evil, "config": {evil: evil}},
        dataset={**record.spec.dataset, "name": evil},
        protocol={**record.spec.protocol, "name": evil},
    )
    bad = replace(record, spec=spec, variant=evil, notices=[evil], environment={evil: evil})
    failure = replace(made.failures()[0], error=evil, spec=spec.as_json())
    folder = tmp_path / "site"
    write_site(folder, [bad], [failure], SUITE, Plugins(), SilentProgress())
    check_links(folder)
    for page in folder.rglob("*.html"):
        assert "<script>alert" not in page.read_text()
        assert Addresses(page).tags.count("script") == 1
    assert all(re.fullmatch(r"[a-z0-9-]+\.html", page.name) for page in (folder / "runs").iterdir())


def test_a_run_without_retrieval_history_and_hashes_still_has_a_page(tmp_path):
    store = made_store(tmp_path / "runs")
    for folder in store.folders():
        for name in ("retrieval.json", "history.json", "files.json"):
            (folder / name).unlink()
    folder = write(tmp_path / "site", store)
    page = next((folder / "runs").iterdir()).read_text()
    assert "did not keep what its queries find" in page and "kept no hashes" in page


def test_what_queries_find_is_shown_in_thumbnails_that_runs_share(shapes, tmp_path):
    folder = write(tmp_path / "site", shapes)
    pages = [page.read_text() for page in (folder / "runs").iterdir()]
    images = list((folder / "images").iterdir())
    assert all(Image.open(path).size == (96, 96) and path.suffix == ".webp" for path in images)
    shown = [set(re.findall(r'src="\.\./images/(\w+\.webp)"', page)) for page in pages]
    assert set.union(*shown) == {path.name for path in images}
    assert shown[0] & shown[1]
    assert all('alt="✓ relevant: shape' in page or 'alt="✗ not relevant: shape' in page for page in pages)
    check_links(folder)


def test_thumbnails_that_are_there_are_not_decoded_again(shapes, tmp_path, monkeypatch):
    folder = write(tmp_path / "site", shapes)
    before = contents(folder)
    monkeypatch.delattr(pictures, "decode_one")
    assert contents(write(folder, shapes)) == before


def test_without_the_data_set_ids_are_shown_and_the_page_says_why(site):
    page = next((site / "runs").iterdir()).read_text()
    assert "The data set toys was not installed" in page
    assert "<img" not in page and "picture 00" in page and "not relevant" in page


def test_other_images_under_the_name_of_the_data_set_are_not_shown(shapes, tmp_path):
    records = [
        replace(one, spec=replace(one.spec, dataset={**one.spec.dataset, "images": "0" * 64}))
        for one in shapes.records()
    ]
    folder = write(tmp_path / "site", shapes, records=records)
    assert "are not those of this run" in next((folder / "runs").iterdir()).read_text()
    assert not (folder / "images").exists()


def test_a_data_set_that_cannot_be_opened_costs_only_the_pictures(shapes, tmp_path):
    roots = {"shapes": Path(tmp_path / "nowhere")}
    folder = write(tmp_path / "site", shapes, data_roots=roots)
    page = next((folder / "runs").iterdir()).read_text()
    assert "were not at hand" in page and str(tmp_path) not in page


def test_a_method_that_is_installed_is_described_with_its_settings(shapes, tmp_path):
    page = (write(tmp_path / "site", shapes) / "methods" / "itq.html").read_text()
    assert Plugins().methods["itq"].DESCRIPTION in page and "iterations" in page
    assert "`" not in page and "<td>True</td>" not in page


def test_the_folder_of_a_site_can_be_moved(site, tmp_path):
    check_links(shutil.copytree(site, tmp_path / "elsewhere"))
