"""Colours, marks and letters of charts, and the style sheet that every chart needs.

Colours are custom properties, so that a page can set its own:

| property | of |
|---|---|
| `--paper` | the background |
| `--ink` | titles, names, the front |
| `--muted` | numbers along the axes, notes, levels |
| `--grid` | grid lines |
| `--series-1` to `--series-4` | what learns from nothing, tags, web images and labels |
| `--series-5` | lines that are no methods |

After Okabe and Ito ("Color Universal Design", 2008), lighter on dark paper. Marks and dashes tell series
apart, too, so that nothing hangs on colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from hashbench.data.supervision import Supervision

LIGHT = {
    "--paper": "#ffffff",
    "--ink": "#1f2328",
    "--muted": "#59636e",
    "--grid": "#dfe3e8",
    "--series-1": "#0072b2",
    "--series-2": "#d55e00",
    "--series-3": "#008f68",
    "--series-4": "#76767f",
    "--series-5": "#a8508a",
}
DARK = {
    "--paper": "#0d1117",
    "--ink": "#e6edf3",
    "--muted": "#9198a1",
    "--grid": "#2b323b",
    "--series-1": "#56b4e9",
    "--series-2": "#f08a3c",
    "--series-3": "#2fbf95",
    "--series-4": "#9a9aa4",
    "--series-5": "#d98abb",
}
HUES = 5
_HUE = {kind.value: place for place, kind in enumerate(Supervision, 1)}

# Outlines around (0, 0), at most 9 pixels wide; those that enclose nothing are strokes.
MARKS = (
    "M-3.6,0a3.6,3.6 0 1,0 7.2,0a3.6,3.6 0 1,0 -7.2,0z",
    "M-3.2,-3.2h6.4v6.4h-6.4z",
    "M0,-4.4L4.2,3H-4.2z",
    "M0,-4.6L4.6,0L0,4.6L-4.6,0z",
    "M0,4.4L4.2,-3H-4.2z",
    "M-3.4,-3.4L3.4,3.4M-3.4,3.4L3.4,-3.4",
    "M-4.4,0H4.4M0,-4.4V4.4",
    "M-4.6,-1.6h9.2v3.2h-9.2z",
)
# Lines beyond the first eight of a colour are dotted, then dash-dotted.
DASHES = ("", "0.1 4.5", "8 4 0.1 4")
CEILING = "5 4"

RULES = """\
.chart{font:13px system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,sans-serif;color:var(--ink);\
max-width:100%;height:auto}
.chart text{fill:var(--ink)}
.chart .title{font-size:16px;font-weight:600}
.chart .heading{font-size:14px;font-weight:600}
.chart .muted{fill:var(--muted)}
.chart .halo{stroke:var(--paper);stroke-width:3px;stroke-linejoin:round;paint-order:stroke}
.chart .paper{fill:var(--paper)}
.chart .grid{stroke:var(--grid);fill:none}
.chart .axis{stroke:var(--muted);fill:none}
.chart .level{stroke:var(--muted);stroke-width:1.5px;stroke-dasharray:1.5 3;fill:none}
.chart .front{stroke:var(--ink);stroke-width:1.5px;stroke-opacity:.55;fill:none}
.chart .series{fill:none;stroke:currentColor;stroke-linejoin:round;stroke-linecap:round}
.chart .series text{stroke:none}
.chart .line{stroke-width:1.8px}
.chart .thread{stroke-width:1px;stroke-opacity:.35}
.chart .mark{fill:currentColor;stroke-width:1.4px}
.chart .leader{stroke-width:1px;stroke-opacity:.6}
.chart .error{stroke-width:1.2px;stroke-opacity:.75}
.chart .band{fill:currentColor;fill-opacity:.15;stroke:none}
""" + "\n".join(f".chart .s{hue}{{color:var(--series-{hue})}}" for hue in range(1, HUES + 1))


def hue(kind: str) -> int:
    """Which of the colours a series has, from 1 on: that of its kind; the last, where it is no method."""
    return _HUE.get(kind, HUES)


def variables(colours: Mapping[str, str], selector: str = ":root") -> str:
    """One rule that sets the custom properties."""
    return f"{selector}{{{';'.join(f'{name}:{colour}' for name, colour in colours.items())}}}"


def style_sheet() -> str:
    """All that a chart needs: colours for light and dark, as the reader's system asks, and rules."""
    dark = f"@media (prefers-color-scheme:dark){{{variables(DARK)}}}"
    return "\n".join((variables(LIGHT), dark, RULES))
