"""The page in a browser: searched by words, by files and by keys; on a phone and in the dark.

Needs Chromium and its driver. What axe-core finds serious or critical fails.
"""

import pytest
from browsing import DESK, PHONE, find, look, needs_browser, one, press, serious, started_browser
from indexes import PICTURES
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = needs_browser
FOUND = 6
SECONDS = 30


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    with started_browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(started, address_of):
    """Open the page of an index, on a desk and light unless something else is said."""

    def open_page(method="wsdhq", query="", size=DESK, scheme="light"):
        look(started, size, scheme)
        started.get("about:blank")
        started.get_log("browser")
        started.get(f"{address_of(method)}/{query}")
        until(started, lambda browser: one(browser, "#pictures").text)
        return started

    return open_page


@pytest.fixture
def picture(tmp_path):
    from stranger import draw

    (tmp_path / "query.png").write_bytes(draw(20)[0])
    return tmp_path / "query.png"


def until(browser, condition):
    WebDriverWait(browser, SECONDS).until(condition)


def results(browser):
    """Names of what was found, once it is there and its thumbnails are shown."""
    until(
        browser,
        lambda _: browser.execute_script(
            "const shown = [...document.querySelectorAll('.grid img')];"
            "return shown.length > 0 && shown.every(image => image.complete && image.naturalWidth > 0)"
        ),
    )
    return [name.text for name in find(browser, ".grid .name")]


def complaint(browser):
    """The sentence that says what is wrong, once it is there."""
    until(browser, lambda _: one(browser, "#error").is_displayed())
    assert find(browser, ".grid li") == []
    return one(browser, "#error").text


def test_words_are_searched_for_with_keys_alone(page):
    browser = page()
    assert [one(browser, f"#{name}").text for name in ("pictures", "bytes", "method")] == [
        str(PICTURES),
        "2",
        "wsdhq",
    ]
    press(browser, Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("class") == "skip"
    press(browser, Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("id") == "words"
    press(browser, "red ball", Keys.ENTER)
    assert len(results(browser)) == FOUND
    status = one(browser, "#status").text
    assert status.startswith(f"{FOUND} nearest to “red ball” among {PICTURES} pictures of 2 bytes each")
    assert "ms to encode" in status and "ms to scan" in status
    assert browser.current_url.endswith("?words=red%20ball")
    press(browser, Keys.TAB, Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("id") == "picture"
    press(browser, Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("aria-label").endswith("Find pictures like it")
    nearest = results(browser)[0]
    press(browser, Keys.ENTER)
    until(browser, lambda _: f"nearest to {nearest}" in one(browser, "#status").text)
    assert one(browser, "#query").is_displayed()
    assert browser.get_log("browser") == []


def test_a_search_can_be_gone_back_to(page):
    browser = page(query="?words=red")
    first = results(browser)
    one(browser, "#words").clear()
    one(browser, "#words").send_keys("window", Keys.ENTER)
    until(browser, lambda _: "“window”" in one(browser, "#status").text)
    browser.back()
    until(browser, lambda _: "“red”" in one(browser, "#status").text)
    assert results(browser) == first


@pytest.mark.parametrize("method", ["signs", "wsdhq"])
def test_a_picture_is_searched_with(page, picture, method):
    browser = page(method)
    one(browser, "#picture").send_keys(str(picture))
    assert len(results(browser)) == FOUND
    assert f"{FOUND} nearest to query.png" in one(browser, "#status").text
    far = one(browser, ".grid .far").text
    assert far == "0 bits" if method == "signs" else far.startswith("−")
    assert browser.get_log("browser") == []


def test_a_picture_is_dropped(page, picture):
    browser = page("signs")
    browser.execute_async_script(
        """
        fetch("icon.svg").then(() => {
            const data = new DataTransfer(), canvas = document.createElement("canvas");
            canvas.width = canvas.height = 40;
            canvas.toBlob((blob) => {
                data.items.add(new File([blob], "dropped.png"));
                for (const kind of ["dragover", "drop"])
                    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true }));
                arguments[0]();
            });
        });
        """
    )
    assert len(results(browser)) == FOUND
    assert "nearest to dropped.png" in one(browser, "#status").text


def test_a_method_without_words_offers_none(page):
    browser = page("signs")
    assert not one(browser, "#words").is_displayed()
    assert "knows pictures and no words" in one(browser, "#no-words").text


def test_unknown_words_are_told(page):
    browser = page(query="?words=qzx")
    assert complaint(browser).startswith("Word 'qzx' has no vector")
    one(browser, "#words").clear()
    one(browser, "#words").send_keys("red", Keys.ENTER)
    assert results(browser)
    assert not one(browser, "#error").is_displayed()


def test_markup_is_text(page, picture):
    browser = page(query="?words=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert complaint(browser).startswith("Word 'onerror' has no vector")
    named = picture.rename(picture.with_name("<i>like this<i>.png"))
    one(browser, "#picture").send_keys(str(named))
    assert len(results(browser)) == FOUND
    assert "nearest to <i>like this<i>.png among" in one(browser, "#status").text
    assert browser.get_log("browser")[1:] == []  # the first is of the word that was refused


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "text.jpg",
            b"these are words",
            "This file cannot be read as a picture: no image of a known kind.",
        ),
        ("large.jpg", bytes(50 << 20), "The file is larger than 10 MB. Choose a smaller picture."),
    ],
    ids=["text", "large"],
)
def test_what_cannot_be_searched_with_is_told(page, tmp_path, name, content, told):
    browser = page()
    (tmp_path / name).write_bytes(content)
    one(browser, "#picture").send_keys(str(tmp_path / name))
    assert complaint(browser) == told
    assert not one(browser, "#query").is_displayed()


def test_a_server_refuses_a_large_file_in_a_way_that_a_browser_hears(page):
    browser = page()
    answer = browser.execute_async_script(
        """
        const body = new FormData();
        body.append("picture", new Blob([new Uint8Array(50 << 20)]), "large.jpg");
        fetch("api/search", { method: "POST", body })
            .then(async (answer) => arguments[0]([answer.status, (await answer.json()).error]))
            .catch((error) => arguments[0](String(error)));
        """
    )
    assert answer == [413, "The file is larger than 10 MB. Choose a smaller picture."]


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light")], ids=["light", "dark", "phone"]
)
@pytest.mark.parametrize("query", ["?words=red", "?words=qzx", ""], ids=["found", "unknown", "start"])
def test_axe_finds_nothing_serious(page, size, scheme, query):
    browser = page(query=query, size=size, scheme=scheme)
    if query:
        results(browser) if "red" in query else complaint(browser)
    dark = (
        browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        == "rgb(13, 17, 23)"
    )
    assert dark == (scheme == "dark")
    assert serious(browser) == []


def test_the_page_is_no_wider_than_a_phone(page):
    browser = page(query="?words=red", size=PHONE)
    results(browser)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= PHONE[0]
    lefts = {round(item.rect["x"]) for item in find(browser, ".grid li")}
    assert len(lefts) == 2
