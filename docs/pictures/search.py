"""Take the picture of the page that `hashbench serve` shows: real clip art, searched for by words.

    uv run docs/pictures/search.py INDEX flower --out docs/pictures/search.png

Needs Chromium and its driver. The index is of a data set's pictures, by a method that takes words:

    hashbench index wsdhq_32b_openclipart_tags_s0 CLIPART -o INDEX
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from hashbench.index.searcher import Searcher
from hashbench.serving.serve import listening, running

WIDTH, HEIGHT = 1200, 830


def main() -> None:
    """Serve the index, search, and keep what the browser shows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("words")
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()

    searcher, chrome = Searcher.open(options.index), webdriver.ChromeOptions()
    chrome.binary_location = shutil.which("chromium") or ""
    with TemporaryDirectory() as profile, listening("127.0.0.1", 0) as socket:
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
        ):
            chrome.add_argument(argument)
        service = webdriver.ChromeService(shutil.which("chromedriver"))
        with (
            running(searcher, "127.0.0.1", socket, 12) as address,
            webdriver.Chrome(chrome, service) as browser,
        ):
            size = {"width": options.width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            scheme = {"name": "prefers-color-scheme", "value": "dark" if options.dark else "light"}
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
            for _ in range(2):  # what is loaded for the first search is no part of its time
                browser.get(f"{address}/?words={options.words}")
                WebDriverWait(browser, 30).until(
                    lambda page: page.execute_script(
                        "return document.querySelectorAll('.grid img').length > 0 && "
                        "[...document.querySelectorAll('.grid img')].every(image => image.complete)"
                    )
                )
            shown = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    shown.quantize(256, dither=Image.Dither.NONE).save(options.out, optimize=True)


if __name__ == "__main__":
    main()
