"""Elements of SVG as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape


def tag(name: str, attributes: Mapping[str, object], children: Iterable[str] | None = None) -> str:
    """One element; numbers get one decimal, and what is None is left out.

    >>> tag("g", {"class": "a<b", "x": 1.25, "y": None}, ["<br/>"])
    '<g class="a&lt;b" x="1.2"><br/></g>'
    """
    said = "".join(
        f' {key}="{number(value) if isinstance(value, float) else escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}/>" if children is None else f"<{name}{said}>{''.join(children)}</{name}>"


def words(x: float, y: float, said: str, css: str | None = None, anchor: str | None = None) -> str:
    """A line of text whose letters are about centred on `y`; `anchor` is `middle` or `end`."""
    return tag("text", {"x": x, "y": y + 4.5, "class": css, "text-anchor": anchor}, [escape(said)])


def path(points: Iterable[tuple[float, float]], css: str, dashes: str = "", *, closed: bool = False) -> str:
    """A line through points."""
    way = "L".join(f"{number(x)},{number(y)}" for x, y in points)
    return tag("path", {"class": css, "d": f"M{way}{'z' * closed}", "stroke-dasharray": dashes or None})


def number(value: float) -> str:
    """A place: one decimal, of which a zero is not written.

    >>> number(12.04), number(-0.01), number(3.25)
    ('12', '0', '3.2')
    """
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")
