"""Write the table of checks into docs/conformance.md, from what the checks say of themselves.

    uv run docs/tables/conformance.py

The test suite makes it, too, and fails where the page says something else.
"""

from __future__ import annotations

import re
from pathlib import Path

from tabulate import tabulate

from hashbench.testing.checks import CHECKS, name_of, rule_of

PAGE = Path(__file__).parent.parent / "conformance.md"


def table() -> str:
    """Every check and its rule, in order."""
    rows = [(f"`{name_of(check)}`", rule_of(check)) for check in CHECKS]
    return tabulate(rows, ("check", "rule"), "github", disable_numparse=True)


def filled(page: str) -> str:
    """The page with the table as it is made now."""
    made = f"<!-- table: checks -->\n{table()}\n<!-- end -->"
    return re.sub(r"<!-- table: checks -->\n.*?<!-- end -->", lambda _: made, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
