"""A browser for the tests of pages: Chromium with its driver, without any network of its own."""

import shutil
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec

import pytest

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(not (BROWSER and DRIVER), reason="needs chromium and chromedriver")
DESK, PHONE = (1280, 900), (390, 844)


@contextmanager
def started_browser(profile):
    """Start it, with a new profile in that folder."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def look(browser, size=DESK, scheme="light"):
    """Choose the size of the window and the colour scheme."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": "reduce"},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def serious(browser):
    """What axe-core finds serious or critical."""
    if not find_spec("axe_playwright_python"):
        pytest.skip("needs axe-playwright-python, for the axe-core in it")
    browser.execute_script((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    violations = browser.execute_async_script("axe.run().then(result => arguments[0](result.violations))")
    return [
        (found["id"], found["help"], [node["target"] for node in found["nodes"]][:3])
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


def find(browser, css):
    return browser.find_elements("css selector", css)


def one(browser, css):
    return browser.find_element("css selector", css)


def press(browser, *keys):
    """Press keys where the focus is."""
    from selenium.webdriver.common.action_chains import ActionChains

    # An element that takes files would take keys for a path.
    for key in keys:
        ActionChains(browser).send_keys(key).perform()
