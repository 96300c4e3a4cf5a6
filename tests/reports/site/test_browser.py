"""The pages in a browser: nothing fails to load, everybody can read them, and sorting and filtering work.

Needs Chromium and its driver. What axe-core finds serious or critical fails.
"""

import pytest
from browsing import DESK, PHONE, find, look, needs_browser, one, press, serious, started_browser

from hashbench.metrics.presets import SUITE
from hashbench.plugins import Plugins
from hashbench.progress import SilentProgress
from hashbench.reports.site.write import write_site

pytestmark = needs_browser
PAGES = ("index", "about", "method", "run")
# The section of the first table, and the names in the rows of all.
FIRST = "main > .comparison[data-protocol='tags']"
NAMES = ".comparison tr.row th"


@pytest.fixture(scope="module")
def pages(made, tmp_path_factory):
    """A page of each kind, by kind."""
    folder = tmp_path_factory.mktemp("site")
    write_site(folder, list(made.records()), made.failures(), SUITE, Plugins(), SilentProgress())
    run = next((folder / "runs").glob("typed_32b_toys_tags_s0_*.html"))
    found = (folder / "index.html", folder / "about.html", folder / "methods" / "typed.html", run)
    return {kind: page.as_uri() for kind, page in zip(PAGES, found, strict=True)}


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """A browser without any network of its own."""
    with started_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(started):
    """The browser, on an empty page of a desk's size, light, with scripts."""
    look(started)
    started.get("about:blank")
    yield started
    started.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def shown(browser, css):
    """The texts of what can be seen of it."""
    return [element.text for element in find(browser, css) if element.is_displayed()]


def column(browser, place):
    """A column of the first table."""
    rows = find(browser, f"{FIRST} tbody tr.row")
    return [row.find_elements("css selector", "th, td")[place].text for row in rows if row.is_displayed()]


def heading(browser, name):
    """The button and the place of a column of the first table."""
    buttons = find(browser, f"{FIRST} thead button")
    place = [button.text for button in buttons].index(name)
    return buttons[place], place


@pytest.mark.parametrize("kind", PAGES)
def test_nothing_fails_and_nothing_is_blocked(browser, pages, kind):
    browser.get(pages[kind])
    assert (
        browser.execute_script("return getComputedStyle(document.querySelector('.top')).position")
        == "sticky"
    )
    assert browser.get_log("browser") == []


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light")], ids=["light", "dark", "phone"]
)
@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_nothing_serious(browser, pages, kind, size, scheme):
    look(browser, size, scheme)
    browser.get(pages[kind])
    for details in find(browser, "details"):
        browser.execute_script("arguments[0].open = true", details)
    assert serious(browser) == []


@pytest.mark.parametrize("kind", PAGES)
def test_no_page_is_wider_than_a_phone(browser, pages, kind):
    look(browser, PHONE)
    browser.get(pages[kind])
    assert browser.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]


def test_a_phone_shows_few_columns_until_more_are_asked_for(browser, pages):
    look(browser, PHONE)
    browser.get(pages["index"])
    names = f"{FIRST} thead th"
    assert shown(browser, names) == ["method", "learns from", "bits · distance", "mAP@all"]
    one(browser, ".wider input").click()
    assert {"tie band", "train s", "runs"} <= set(shown(browser, names))


def test_a_desk_shows_costs_at_once_and_the_rest_when_asked_which_the_address_keeps(browser, pages):
    browser.get(pages["index"])
    names = f"{FIRST} thead div > :first-child"
    few = shown(browser, names)
    assert few[-2:] == ["search ms/query", "runs"] and "train MiB" not in few
    one(browser, ".wider input").click()
    assert "train MiB" in shown(browser, names) and browser.current_url.endswith("#columns=all")
    browser.refresh()
    assert "train MiB" in shown(browser, names)


def test_only_what_scrolls_is_a_stop_for_the_keyboard(browser, pages):
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(pages["about"])
    assert not find(browser, ".region[tabindex]")
    browser.get(pages["index"])
    assert find(browser, ".board .region[tabindex='0']")
    # The browser reports sizes once it has drawn the page.
    WebDriverWait(browser, 10).until(lambda _: not find(browser, ".chart-region[tabindex]"))


def test_numbers_are_sorted_by_keyboard_greatest_first_then_least_first(browser, pages):
    from selenium.webdriver.common.keys import Keys

    browser.get(pages["index"])
    button, place = heading(browser, "mAP@all")
    for direction, sign in (("descending", -1), ("ascending", 1)):
        button.send_keys(Keys.ENTER)
        values = [sign * float(text.split()[0]) for text in column(browser, place)]
        competing = values[:-3]
        assert len(competing) > 10 and competing == sorted(competing)
        assert column(browser, 0)[-3:] == ["told"] * 3
        assert [th.get_attribute("aria-sort") for th in find(browser, "th[aria-sort]")] == [direction]
    assert browser.switch_to.active_element == button


def test_costs_are_sorted_cheapest_first_so_that_the_cheapest_that_is_good_enough_is_on_top(browser, pages):
    browser.get(f"{pages['index']}#least=0.49")
    button, place = heading(browser, "train s")
    button.click()
    seconds = [float(text) for text in column(browser, place)][:-3]
    scores = [float(text.split()[0]) for text in column(browser, heading(browser, "mAP@all")[1])]
    assert seconds == sorted(seconds) and min(scores) >= 0.49 and len(seconds) < 10


def test_words_are_sorted_from_a_to_z(browser, pages):
    browser.get(pages["index"])
    button, place = heading(browser, "method")
    button.send_keys(" ")
    names = [name for name in column(browser, place) if name != "told"]
    assert names == sorted(names) and names[0] == "blocks"


def test_filters_work_by_keyboard_and_stand_in_the_address(browser, pages):
    from selenium.webdriver.common.keys import Keys

    browser.get(pages["index"])
    one(browser, "#filter-protocol").send_keys("tags", Keys.TAB)
    press(browser, Keys.TAB, "tags", Keys.TAB, "32", Keys.TAB, "0.1", Keys.TAB, "too")
    assert shown(browser, NAMES) == ["typed-too"]
    assert browser.current_url.endswith("#protocol=tags&supervision=tags&bits=32&least=0.1&q=too")
    assert "of 25 rows" in one(browser, "[role=status]").text
    press(browser, Keys.TAB, Keys.ENTER)
    assert one(browser, "[role=status]").text == "All 25 rows" and "#" not in browser.current_url


def test_rows_with_noise_are_counted_where_they_are_asked_for(browser, pages):
    browser.get(f"{pages['index']}#noise=")
    assert one(browser, "[role=status]").text == "All 33 rows"
    assert one(browser, "details").get_attribute("open")


def test_links_of_the_contents_keep_the_filters_and_go_with_their_tables(browser, pages):
    browser.get(f"{pages['index']}#supervision=tags")
    one(browser, ".contents a").click()
    assert "#supervision=tags&at=comparison-" in browser.current_url
    browser.refresh()
    assert one(browser, "#filter-supervision").get_attribute("value") == "tags"
    browser.get(f"{pages['index']}#protocol=tags-no-label-words")
    assert len(shown(browser, ".contents li")) == 1


def test_the_summary_leads_to_the_rows_behind_it(browser, pages):
    browser.get(pages["index"])
    link = one(browser, ".best-of [data-filters*='supervision=tags&bits=32']")
    assert link.text == "typed"
    link.click()
    assert shown(browser, NAMES) == ["typed", "typed-too"]
    assert "supervision=tags&bits=32" in browser.current_url


def test_a_table_can_be_skipped(browser, pages):
    from selenium.webdriver.common.keys import Keys

    browser.get(pages["index"])
    one(browser, f"{FIRST} .over").send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id").startswith("after-comparison-")


def test_an_address_with_filters_shows_what_its_sender_saw(browser, pages):
    browser.get(f"{pages['index']}#bits=16&supervision=none")
    assert shown(browser, NAMES) == ["blocks", "plain"]
    assert one(browser, "#filter-bits").get_attribute("value") == "16"


def test_what_no_row_fits_is_said(browser, pages):
    browser.get(f"{pages['index']}#q=nothing+of+the+kind")
    assert "No row fits" in one(browser, "[role=status]").text
    assert not shown(browser, ".comparison")


def test_choosing_a_noise_unfolds_its_table(browser, pages):
    browser.get(pages["index"])
    assert not one(browser, "details").get_attribute("open")
    browser.get(f"{pages['index']}#noise=missing+40%25")
    browser.refresh()
    assert len(shown(browser, ".comparison")) == 1
    assert shown(browser, NAMES) == ["typed", "typed-too"]


def test_the_skip_link_leads_to_the_content_and_keeps_the_filters(browser, pages):
    from selenium.webdriver.common.keys import Keys

    browser.get(f"{pages['index']}#bits=16")
    press(browser, Keys.TAB, Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "main"
    assert {bits.split()[0] for bits in column(browser, 2)} == {"16"}


def test_pointing_at_a_row_shows_its_line_in_the_charts(browser, pages):
    from selenium.webdriver import ActionChains

    browser.get(pages["index"])
    row = one(browser, f"{NAMES} a")
    ActionChains(browser).move_to_element(row).perform()
    lit = find(browser, f"{FIRST} [data-series]:not(.dim)")
    assert {line.get_attribute("data-series") for line in lit} == {row.text}


def test_without_scripts_everything_is_there(browser, pages):
    browser.get(pages["index"])
    with_scripts = len(column(browser, 0))
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(pages["index"])
    assert not one(browser, "form.filters").is_displayed()
    assert len(find(browser, f"{FIRST} tr.row")) == with_scripts
    assert "train MiB" in shown(browser, f"{FIRST} thead span") and not shown(browser, ".wider")
    assert len(shown(browser, ".comparison")) == 2 and shown(browser, "svg.chart")
    one(browser, "summary").click()
    assert len(shown(browser, ".comparison")) == 6
    assert shown(browser, ".failures li")


def test_right_and_wrong_are_told_apart_without_colours(browser, pages):
    browser.get(pages["run"])
    signs = shown(browser, ".query .sign")
    assert len(signs) == 60 and {sign.split()[0] for sign in signs} == {"✓", "✗"}
