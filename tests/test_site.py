"""The documentation's site: whole, strict, and asking no other host for anything."""

import importlib.util
import re
import socket
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
import yaml

from hashbench import hookspecs
from hashbench.cli.app import app
from hashbench.methods.settings import settings_of
from hashbench.metrics.presets import PRESETS
from hashbench.plugins import Plugins

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
# What is not part of the page itself, but fetched with it.
FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
}


class Page(HTMLParser):
    """What a page fetches, the identifiers in it, and its text."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.ids, self.text = [], set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if given.get("rel") != "canonical":
            self.fetched += [given[FETCHED[tag]]] if given.get(FETCHED.get(tag)) else []
        self.ids.add(given.get("id"))

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages by their place, of a strict build on a machine without a network."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    def refuse(*_):
        raise AssertionError("the build asks for a network")

    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        config = load_config(str(ROOT / "mkdocs.yml"), strict=True, site_dir=str(folder))
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
    return {str(page.relative_to(folder)): Page(page.read_text()) for page in folder.rglob("*.html")}


def navigation(part):
    """The pages of the navigation, in its order."""
    if isinstance(part, str):
        return [part]
    below = part.values() if isinstance(part, dict) else part
    return [page for each in below for page in navigation(each)]


def test_every_page_is_in_the_navigation_once():
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    listed = navigation(yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)["nav"])
    assert len(set(listed)) == len(listed)
    assert {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} <= set(listed)


def test_no_page_fetches_anything_from_another_host(site):
    assert len(site) > 80
    for place, page in site.items():
        assert [address for address in page.fetched if "//" in address] == [], place
    assert not any(page.text.startswith("flowchart") for page in site.values())


def test_styles_fetch_nothing_from_another_host():
    assert "//" not in (DOCS / "extra.css").read_text()
    assert "mermaid" not in "".join(page.read_text() for page in DOCS.rglob("*.md"))


def test_the_start_page_is_the_readme(site):
    title = re.search(r"\*\*(.+?)\*\*", (ROOT / "README.md").read_text())[1]
    assert title in site["index.html"].text


def test_every_hook_is_in_the_reference(site):
    hooks = {name for name in vars(hookspecs) if name.startswith("hashbench_")}
    assert hooks <= site["reference/hooks.html"].ids
    assert hooks == set(load("reference").GUIDES)


def test_every_command_and_option_is_in_the_reference(site):
    page = site["reference/commands.html"]

    def check(path, command):
        assert path.replace(" ", "-") in page.ids
        for name, below in getattr(command, "commands", {}).items():
            check(f"{path} {name}", below)
        assert [option for each in command.params for option in each.opts if option not in page.text] == []

    for name, command in typer.main.get_command(app).commands.items():
        check(f"hashbench {name}", command)


def test_every_setting_is_in_the_reference(site):
    page = site["reference/settings.html"]
    for name, cls in Plugins().methods.items():
        if cls.__module__.startswith("hashbench"):
            assert name in page.ids
            assert [each.name for each in settings_of(cls) if each.name not in page.text] == []


def test_presets_and_protocols_are_in_the_reference(site):
    assert set(PRESETS) <= site["reference/metric-presets.html"].ids
    protocols = Plugins().tag_protocols
    assert {name for name in protocols if protocols[name].__module__.startswith("hashbench")} <= site[
        "reference/tag-protocols.html"
    ].ids


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("methods", "hashbench.methods.method.Method.fit"),
        ("methods", "hashbench.methods.method.Context"),
        ("methods", "hashbench.data.views.TrainView.tags"),
        ("methods", "hashbench.data.views.ImageView"),
        ("training", "hashbench.training.deep.DeepMethod"),
        ("training", "hashbench.training.objective.Objective"),
        ("codes", "hashbench.codes.binary.BinaryCodes.from_signs"),
        ("datasets", "hashbench.data.dataset.Dataset.splits"),
        ("tags", "hashbench.tags.protocol.TagProtocol"),
        ("backbones", "hashbench.features.backbone.Backbone"),
        ("evaluating", "hashbench.evaluation.evaluate"),
        ("runs", "hashbench.runs.record.RunRecord"),
    ],
)
def test_the_contracts_are_in_the_reference(site, page, name):
    assert name in site[f"reference/api/{page}.html"].ids


def test_lists_and_tables_of_a_code_host_are_understood():
    pages = load("pages")
    assert pages.widened("- one\n  two\n\n  ```py\n  x\n  ```\n\nthree\n  four") == (
        "- one\n    two\n\n    ```py\n    x\n    ```\n\nthree\n  four"
    )
    assert pages.widened("1. one\n   - two\n     three") == "1. one\n    - two\n      three"
    assert pages.widened("<!-- table: x -->\n| a |") == "<!-- table: x -->\n\n| a |"
    assert pages.widened("| `a\\|b` | c\\|d |") == "| `a|b` | c\\|d |"


def test_the_diagrams_are_what_is_drawn():
    diagrams = load("diagrams", DOCS / "pictures")
    for name, draw in diagrams.DIAGRAMS.items():
        assert (DOCS / "pictures" / name).read_text() == draw(), "run docs/pictures/diagrams.py"


def load(name, folder=DOCS / "_hooks"):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        patch.setitem(__import__("sys").modules, name, module)
        spec.loader.exec_module(module)
    return module
