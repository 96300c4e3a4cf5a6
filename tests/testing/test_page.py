"""What docs/conformance.md says of the checks is what they say of themselves."""

import importlib.util
from pathlib import Path

from hashbench.testing import fixtures
from hashbench.testing.checks import CHECKS, name_of

SCRIPT = Path(__file__).parents[2] / "docs" / "tables" / "conformance.py"


def load():
    spec = importlib.util.spec_from_file_location("conformance_page", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_says_what_is_checked():
    page = load()
    text = page.PAGE.read_text()
    assert page.filled(text) == text, "run docs/tables/conformance.py"
    assert all(f"| `{name_of(check)}`" in text for check in CHECKS)


def test_every_fixture_is_named():
    text = load().PAGE.read_text()
    names = [name for name in vars(fixtures) if name.startswith("hashbench_")]
    assert len(names) == 3 and all(f"| `{name}` |" in text for name in names)
