"""What the documentation claims to work, works."""

import json
import re
import textwrap
from pathlib import Path

import pytest

from hashbench import hookspecs
from hashbench.plugins import Plugins
from hashbench.training.config import DeepConfig
from hashbench_baselines.catalog import METHODS

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)


def install(folder, name, code):
    """Put a module into a folder as a distribution that is a plugin."""
    (folder / f"{name}.py").write_text(code)
    information = folder / f"hashbench_{name}-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: hashbench-{name}\nVersion: 0.1.0\n"
    )
    (information / "entry_points.txt").write_text(f"[hashbench]\n{name} = {name}\n")


def test_the_data_set_runs_from_its_page(cli, tmp_path, monkeypatch):
    (code,) = blocks("docs/adding-a-dataset.md", "python")
    install(tmp_path, "stripes", code)
    monkeypatch.syspath_prepend(str(tmp_path))
    arguments = ("--backbone", "pooled", "--runs", tmp_path / "runs", "--format", "json")
    wsdhq = ("--method", "wsdhq", "--set", "iterations=10")
    status, out, err = cli("run", "--dataset", "stripes", *wsdhq, *arguments)
    assert status in (0, None), err
    (record,) = json.loads(out)
    assert record["sizes"] == {"query": 40, "database": 160, "train": 160, "tags": 3}
    assert record["metrics"]["map@all"] > record["metrics"]["chance"]


def test_the_five_minute_method_runs_from_its_page(run, cli, tmp_path, monkeypatch):
    code, _ = blocks("docs/adding-a-method.md", "python")
    (project,) = blocks("docs/adding-a-method.md", "toml")
    assert 'lateral = "lateral"' in project
    install(tmp_path, "lateral", code)
    monkeypatch.syspath_prepend(str(tmp_path))
    (record,) = run("--method", "lateral", "--bits", "32")
    assert record["metrics"]["map@all"] > record["metrics"]["chance"]
    assert len([line for line in code.splitlines() if line.strip()]) < 60
    status, out, _ = cli("plugin", "check", "lateral")
    assert status in (0, None), out


def test_the_network_of_the_five_minute_page_runs(run, cli, tmp_path, monkeypatch):
    head = """
        from hashbench import hookimpl
        from hashbench.data.supervision import Supervision
        from hashbench.training.deep import DeepHash

        @hookimpl
        def hashbench_methods():
            return [Alike]
        """
    _, code = blocks("docs/adding-a-method.md", "python")
    install(tmp_path, "alike", textwrap.dedent(head) + textwrap.dedent(code))
    monkeypatch.syspath_prepend(str(tmp_path))
    (record,) = run("--method", "alike", "--bits", "16", "--set", "iterations=50")
    assert record["metrics"]["map@all"] > record["metrics"]["chance"]
    status, out, _ = cli("plugin", "check", "alike", "--set", "iterations=50")
    assert status in (0, None), out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}, target


def test_every_hook_is_documented():
    text = "".join(page.read_text() for page in PAGES)
    for name in vars(hookspecs):
        if name.startswith("hashbench_"):
            assert name in text


def test_every_method_and_backbone_of_the_repository_is_documented():
    text = "".join(page.read_text() for page in PAGES)
    plugins = Plugins()
    ours = [name for name, cls in plugins.methods.items() if cls.__module__.startswith("hashbench_")]
    for name in [*ours, *plugins.tag_protocols]:
        assert f"`{name}`" in text, name


HEADINGS = ["What it does", "What it may see", "Cost", "Settings", "Differences from the paper"]


@pytest.mark.parametrize("cls", METHODS, ids=lambda cls: cls.PLUGIN_NAME)
def test_every_baseline_has_a_page_that_says_what_is_asked_of_it(cls):
    text = (ROOT / "docs" / "methods" / f"{cls.PLUGIN_NAME}.md").read_text()
    found = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert [heading for heading in found if heading in HEADINGS] == HEADINGS
    settings = {name for name in cls.Config.model_fields if name not in DeepConfig.model_fields}
    assert {name for name in settings if f"`{name}`" not in text} == set()


def test_the_pages_of_the_baselines_are_listed():
    text = (ROOT / "docs" / "methods" / "baselines.md").read_text()
    assert [cls for cls in METHODS if f"[`{cls.PLUGIN_NAME}`]({cls.PLUGIN_NAME}.md)" not in text] == []
