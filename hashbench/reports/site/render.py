"""From a page's contents to its HTML. Everything that is put into a page is escaped."""

from __future__ import annotations

import math
import re
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from hashbench import fingerprint

ASSETS = ("site.css", "site.js")
# Names that any file system and any address takes as they are, and none takes for another's.
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._+-]{0,150}")
_DIGITS = 8


def page(template: str, **contents: Any) -> bytes:
    """Fill in one of the templates.

    Args:
        template: Its name without the ending.
        contents: What it shows, by the names that it uses.
    """
    return (_environment().get_template(f"{template}.html.j2").render(contents) + "\n").encode()


def asset(name: str) -> bytes:
    """A file that all pages share."""
    return (resources.files("hashbench.reports.site") / "assets" / name).read_bytes()


def file_name(name: str) -> str:
    """The name of the page of a run or method, whatever it is called.

    >>> file_name("cca-itq"), file_name("../<Script>")
    ('cca-itq.html', 'script-6cec68cd.html')
    """
    if _PLAIN.fullmatch(name):
        return f"{name}.html"
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:100]
    return f"{plain}-{fingerprint.of_strings([name])[:_DIGITS]}.html".lstrip("-")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("hashbench.reports.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "coded": coded, "answer": answer}
    return environment


def number(value: float | None) -> str:
    """A number as a reader wants it.

    >>> number(0.23467841), number(9.3115895), number(386417), number(81.0), number(None)
    ('0.235', '9.312', '386,417', '81', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"


def coded(text: str) -> Markup:
    """A text as HTML in which what stands between backticks is code.

    >>> coded("with `a<b`, or ``c``")
    Markup('with <code>a&lt;b</code>, or <code>c</code>')
    """
    return Markup(re.sub(r"(`+)(.+?)\1", r"<code>\2</code>", str(escape(text))))  # noqa: S704 - escaped before


def answer(value: str) -> str:
    """A setting's value as a reader wants it.

    >>> answer("True"), answer("None"), answer("0.5")
    ('yes', 'none', '0.5')
    """
    return {"True": "yes", "False": "no", "None": "none"}.get(value, value)


def size(count: float) -> str:
    """Bytes in words.

    >>> size(2), size(1555336), size(38834176)
    ('2 bytes', '1.5 MiB', '37.0 MiB')
    """
    for unit, step in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= step:
            return f"{count / step:,.1f} {unit}"
    return f"{count:,.0f} byte{'' if count == 1 else 's'}"


def seconds(value: float) -> str:
    """A duration in words.

    >>> seconds(0.0076), seconds(2.25), seconds(600)
    ('7.6 ms', '2.2 s', '10.0 min')
    """
    if value < 1:
        return f"{1000 * value:,.1f} ms"
    return f"{value:,.1f} s" if value < 120 else f"{value / 60:,.1f} min"
