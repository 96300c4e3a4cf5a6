"""Published figures: their table is checked, runs that match are compared, and it is said why none does."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from hashbench.errors import DataError
from hashbench.metrics.presets import SUITE
from hashbench.plugins import Plugins
from hashbench.reports.published.faces import lines, markdown, sheet
from hashbench.reports.published.figures import COLUMNS, Figure, read_figures
from hashbench.reports.published.outcomes import compare

ROOT = Path(__file__).parents[2]
FIGURE = {
    "method": "plain",
    "dataset": "toys",
    "published_split": "40/500/500",
    "split": "test",
    "features": "a small network",
    "backbone": "small_net",
    "settings": "iterations=50",
    "bits": "32",
    "preset": "deephash_pytorch",
    "metric": "map@5000",
    "distance": "hamming",
    "value": "0.26",
    "tolerance": "0.02",
    "source": "a paper",
    "url": "https://example.org/paper",
    "reason": "",
    "note": "",
}


@pytest.fixture(scope="module")
def plugins():
    return Plugins()


@pytest.fixture
def table(tmp_path):
    """Write a table of figures, each as it differs from the usual one; returns its path."""

    def write(*changes, columns=COLUMNS):
        lines = [[*columns], *([(FIGURE | change).get(name, "") for name in columns] for change in changes)]
        path = tmp_path / "figures.csv"
        path.write_text("".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in lines))
        return path

    return write


@pytest.fixture
def outcomes(made, plugins, table):
    return lambda *changes: compare(read_figures(table(*changes)), list(made.records()), plugins)


def test_runs_that_differ_in_their_seed_are_one_mean_with_its_interval(outcomes, made):
    (outcome,) = outcomes({})
    everything, own_words = outcome.measured
    assert (everything.name, own_words.name) == ("tags", "tags-no-label-words")
    runs = made.select(list(everything.runs))
    assert [run.spec.seed for run in runs] == [0, 1, 2]
    values = [run.metrics("deephash_pytorch")["map@5000"] for run in runs]
    low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert everything.mean == pytest.approx(np.mean(values))
    assert everything.half_width == pytest.approx((high - low) / 2)
    assert everything.difference == pytest.approx(np.mean(values) - 0.26)
    assert len(own_words.runs) == 1
    assert own_words.half_width is None


def test_a_mean_exactly_its_tolerance_away_is_within_it(outcomes):
    mean = outcomes({})[0].measured[0].mean
    for gap, within in ((0.02, True), (-0.02, True), (0.0201, False), (-0.0201, False)):
        (outcome,) = outcomes({"value": f"{mean + gap:.16f}"})
        assert outcome.measured[0].within is within, gap


def test_settings_that_are_not_named_may_be_any_and_have_their_own_row(outcomes):
    (outcome,) = outcomes({"settings": ""})
    assert [one.name for one in outcome.measured] == ["tags", "tags, iterations=5", "tags-no-label-words"]


def test_runs_of_one_name_that_differ_otherwise_are_told_apart_by_a_hash(made, plugins):
    (record,) = made.select(["plain_16b"])
    backbone = record.spec.backbone | {"weights": "f" * 64}
    other = replace(record, spec=replace(record.spec, backbone=backbone))
    figure = Figure(**FIGURE | {"bits": "16"})
    (outcome,) = compare([figure], [record, other], plugins)
    assert len({one.name for one in outcome.measured}) == 2
    assert all(one.name.startswith("tags [") for one in outcome.measured)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"method": "unheard"}, "The suite has no method unheard."),
        ({"dataset": "unseen"}, "The suite has no data set unseen."),
        ({"split": ""}, "The suite has no such split of toys."),
        ({"backbone": ""}, "The suite has no backbone that gives a small network."),
        ({"dataset": "corel5k"}, "No run on corel5k."),
        ({"method": "lsh"}, "No run of lsh on toys."),
        ({"split": "ours"}, "Runs of plain on toys have other splits: test, not ours."),
        ({"backbone": "vgg16"}, "Runs of plain on toys have other backbones: small_net, not vgg16."),
        (
            {"settings": "iterations=7"},
            "Runs of plain on toys have other settings: iterations 5, 50, not 7.",
        ),
        ({"settings": "speed=7"}, "Runs of plain on toys have other settings: speed unset, not 7."),
        ({"bits": "8"}, "Runs of plain on toys have other budgets: 16, 32, 64 bits, not 8."),
        ({"distance": "aqd"}, "Runs of plain on toys are not ranked by aqd."),
        ({"preset": "wsih"}, "Runs of plain on toys have no map@5000 under metric preset wsih."),
    ],
)
def test_why_nothing_can_be_compared_is_derived_from_the_store_and_what_is_installed(outcomes, change, why):
    (outcome,) = outcomes(change)
    assert (outcome.measured, outcome.missing) == ((), why)


def test_runs_with_noise_are_never_compared(made, plugins):
    noisy = [record for record in made.records() if record.spec.protocol["noise"]]
    figure = Figure(**FIGURE | {"method": "typed-too"})
    (outcome,) = compare([figure], noisy, plugins)
    assert outcome.missing == "No run of typed-too on toys without noise."


def test_the_page_is_as_it_should_be(outcomes):
    found = outcomes(
        {"note": "Made up."},
        {"bits": "64", "value": "0.2345"},
        {"bits": "8", "value": "0.2"},
        {"method": "blocks", "distance": "aqd", "value": "0.500", "reason": "A | B."},
        {"method": "unheard", "url": "", "value": "1"},
    )
    assert markdown(found) == (Path(__file__).parent / "golden" / "published.md").read_text()


def test_a_page_on_which_nothing_is_measured_explains_no_arrows(outcomes):
    text = markdown(outcomes({"method": "unheard"}))
    assert "→" not in text
    assert "arrow" not in text


def test_sources_are_links_where_they_can_be_followed(outcomes):
    found = outcomes({}, {"method": "unheard", "url": ""})
    page = sheet(found)
    cells = [row[page.headings.index("source")] for row in page.rows]
    assert cells == ["[a paper](https://example.org/paper)"] * 2 + ["a paper"]


def test_a_terminal_gets_a_line_a_figure_and_what_it_is_compared_with(outcomes):
    table = lines(outcomes({"bits": "64", "value": "0.2345", "note": "Made up."}, {"method": "unheard"}))
    assert table.headings[:6] == ["method", "data set", "bits", "metric", "published", "measured"]
    assert [row[:5] for row in table.rows] == [
        ["plain", "toys", "64", "mAP@5000", "0.2345"],
        ["unheard", "toys", "32", "mAP@5000", "0.26"],
    ]
    assert re.fullmatch(r"tags: (within|off by) .*\(1\)", table.rows[0][6])
    assert table.rows[1][5:] == ["no", "(2)"]
    assert table.notes == ["Made up.", "The suite has no method unheard."]


def test_the_json_form_holds_everything(outcomes):
    one, other = json.loads(
        json.dumps([outcome.as_json() for outcome in outcomes({"tolerance": "0.1"}, {"bits": "8"})])
    )
    assert one["figure"]["value"] == 0.26
    assert one["figure"]["settings"] == {"iterations": "50"}
    assert one["measured"][0]["within"] is True
    assert len(one["measured"][0]["runs"]) == 3
    assert one["missing"] is None
    assert other["measured"] == []
    assert other["missing"].endswith("not 8.")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bits": "many"}, "line 3: bits 'many': Input should be a valid integer"),
        ({"bits": "0"}, "line 3: bits '0': Input should be greater than 0"),
        ({"value": "76.6"}, "line 3: value '76.6': Input should be less than or equal to 1"),
        ({"value": "nan"}, "line 3: value 'nan'"),
        ({"value": ""}, "line 3: value ''"),
        ({"tolerance": "0"}, "line 3: tolerance '0': Input should be greater than 0"),
        (
            {"preset": "wsdqh"},
            "line 3: preset 'wsdqh': unknown metric preset 'wsdqh'. Did you mean 'wsdhq'?",
        ),
        ({"method": " "}, "line 3: method ''"),
        ({"settings": "fast"}, "line 3: settings 'fast': Expected key=value, with ; between."),
        ({"url": "example.org"}, "line 3: url 'example.org'"),
    ],
)
def test_a_wrong_line_is_named(table, change, said):
    with pytest.raises(DataError) as error:
        read_figures(table({}, change))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (COLUMNS[1:], "line 1: no column 'method'. Expected method, dataset"),
        ((*COLUMNS, "mood"), "line 1: unknown column 'mood'. Expected"),
        ((*COLUMNS, "bits"), "line 1: a column is there twice."),
        (COLUMNS[2:], "line 1: no column 'method', no column 'dataset'. Expected"),
        ((), "is no table of figures. Expected the columns method, dataset, "),
        (("# Some page",), "is no table of figures. Expected the columns method, dataset, "),
    ],
)
def test_wrong_columns_are_named(table, columns, said):
    with pytest.raises(DataError) as error:
        read_figures(table({}, columns=columns))
    assert said in str(error.value)


def test_a_line_of_too_few_cells_is_named(table):
    path = table({})
    path.write_text(path.read_text() + "plain,toys\n")
    with pytest.raises(DataError, match=r"line 3: 2 cells. Expected 17"):
        read_figures(path)


def test_tables_as_spreadsheets_save_them_are_read(table):
    path = table({"note": " Two\n lines. "})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    (figure,) = read_figures(path)
    assert figure.note == "Two lines."


def test_a_figure_that_is_there_twice_is_refused(table):
    with pytest.raises(DataError, match=r"line 4: the same as line 2. Expected one figure of a kind"):
        read_figures(table({}, {"bits": "8"}, {"value": "0.3"}))


def test_a_table_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "figures.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("figures.csv", "elsewhere.csv", "."):
        with pytest.raises(DataError, match="cannot read"):
            read_figures(tmp_path / name)


def test_an_open_quote_is_named(table):
    path = table({})
    path.write_text(path.read_text() + '"plain,toys\n')
    with pytest.raises(DataError, match=r"line 3: unexpected end of data"):
        read_figures(path)


def test_the_figures_of_the_repository_name_what_there_is(plugins):
    figures = read_figures(ROOT / "docs" / "published.csv")
    assert len(figures) == 39
    for figure in figures:
        assert figure.dataset in plugins.datasets
        assert not figure.backbone or plugins.backbone(figure.backbone)
        if cls := plugins.methods.get(figure.method):
            assert figure.settings.keys() <= cls.Config.model_fields.keys()


def test_the_page_of_the_repository_stands_as_the_command_writes_it_without_a_run(plugins):
    figures = read_figures(ROOT / "docs" / "published.csv")
    page = (ROOT / "docs" / "published-against-measured.md").read_text()
    between = page.split("<!-- begin published -->\n")[1].split("<!-- end published -->")[0]
    assert between.strip() == markdown(compare(figures, [], plugins)).strip()
    assert SUITE.name not in {figure.preset for figure in figures}
