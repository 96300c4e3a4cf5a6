"""The numbers of docs/metrics.md are what the metrics compute."""

import importlib.util
from pathlib import Path

from hashbench.metrics.named import NamedMetric
from hashbench.metrics.presets import PRESETS
from hashbench.ranking.blocks import Ties

SCRIPT = Path(__file__).parent.parent / "docs" / "tables" / "metrics.py"


def load():
    spec = importlib.util.spec_from_file_location("metrics_page", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_say_what_is_computed():
    page = load()
    text = page.PAGE.read_text()
    assert page.filled(text) == text, "run docs/tables/metrics.py"
    assert all(f"<!-- table: {name} -->" in text for name in page.TABLES)


def test_presets_differ_where_the_page_says_they_do():
    rows = load().disagreement().splitlines()[2:]
    assert len({row.split("|", 2)[2] for row in rows}) == len(PRESETS)


def test_every_option_is_explained():
    text = load().PAGE.read_text()
    for name in [*PRESETS, *Ties, "zero", "skip", "one", "error", "macro", "micro"]:
        assert f"`{name}`" in text, name
    for preset in PRESETS.values():
        for metric in preset.metrics:
            assert NamedMetric.parse(metric).kind in text
