"""What plugins rely on changes only where somebody says so: in the snapshot and in the changelog."""

import difflib
import re
from pathlib import Path

import pytest
import surface

from hashbench import API_VERSION, __version__

ROOT = Path(__file__).parent.parent.parent
# What the surface is now, and what it was when it was last released (before the first release: agreed on).
SNAPSHOT, RELEASED = (Path(__file__).with_name(name) for name in ("snapshot.txt", "released.txt"))
COMMAND = "uv run python tests/surface.py > tests/api/snapshot.txt"


def unreleased():
    """The newest section of the changelog."""
    return re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1]


def changed():
    """Names of what is other than it was released: lines added, changed or gone."""
    before, now = surface.entries(RELEASED.read_text()), surface.entries(surface.surface())
    before.pop("plugin"), now.pop("plugin")
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def quoted(names):
    return ", ".join(f"`{name}`" for name in names)


def test_the_snapshot_is_what_plugins_rely_on():
    then, now = SNAPSHOT.read_text(), surface.surface()
    if then != now:
        lines = difflib.unified_diff(then.splitlines(), now.splitlines(), lineterm="", n=0)
        pytest.fail(
            "\n".join(["What plugins rely on has changed:", *lines, "", "If that is meant:"])
            + f"\n1. {COMMAND}\n2. name {quoted(changed())} in the newest section of CHANGELOG.md; say "
            "what authors of plugins have to do\n3. where a plugin that was right may now be wrong, raise "
            "API_VERSION in hashbench/api_version.py: see docs/stability.md",
            pytrace=False,
        )


def test_what_changed_since_the_release_is_in_the_changelog():
    missing = [name for name in changed() if f"`{name}`" not in unreleased()]
    if missing:
        pytest.fail(
            f"The newest section of CHANGELOG.md does not name {quoted(missing)}. "
            "Say there what changed and what the author of a plugin has to do.",
            pytrace=False,
        )


def test_what_went_raises_the_api_version():
    before, now = surface.entries(RELEASED.read_text()), surface.entries(surface.surface())
    gone = sorted(before.keys() - now.keys())
    if gone and before["plugin"] == now["plugin"]:
        pytest.fail(
            f"{', '.join(gone)} went, and API_VERSION is still {API_VERSION}. Raise it in "
            "hashbench/api_version.py, or keep a form of it that works.",
            pytrace=False,
        )


def test_the_changelog_is_that_of_this_version():
    assert unreleased().startswith(__version__)


def test_the_page_names_whatever_is_promised():
    text = (ROOT / "docs" / "stability.md").read_text()
    owners = {
        re.split(r"[. ]", name)[0] for name in surface.entries(SNAPSHOT.read_text()) if ".json" not in name
    }
    assert {owner for owner in owners if f"`{owner}`" not in text} == {"plugin", "run-folder"}


def test_a_change_is_named_by_class_and_member():
    text = (
        "plugin API 1\n\nclass hashbench.a.B(C)\n  fit(self, x: int) -> None\n\nmetrics.json\n  cost.bytes"
    )
    assert surface.entries(text) == {
        "plugin": "plugin API 1",
        "B": "class hashbench.a.B(C)",
        "B.fit": "fit(self, x: int) -> None",
        "metrics.json": "metrics.json",
        "metrics.json cost.bytes": "cost.bytes",
    }
