"""What MkDocs calls: pages that are made from the code, and Markdown as code hosts read it.

The pages of docs/ are written for a code host, where they are read as well. Two things differ there: a
list goes on where a line is indented by two signs, and a link may lead to any file of the repository.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent.parent
# Files at the top level that are pages, too.
TOP = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}
FENCE = re.compile(r"^ *(```|~~~)")
ITEM = re.compile(r"^([-*+]|\d+\.) +")
CODE = re.compile(r"`[^`]+`")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and those of the top level."""
    pages = {page: _linked((ROOT / name).read_text(), name, page) for name, page in TOP.items()}
    pages["decisions/index.md"] = _decisions()
    pages |= reference.pages()
    for place, text in pages.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Translate a page from a code host's Markdown."""
    place = page.file.src_uri
    if page.file.generated_by is None:
        markdown = _linked(markdown, f"docs/{place}", place)
    folder, _, name = place.rpartition("/")
    if folder == "methods" and (pointer := reference.pointer(name.removesuffix(".md"))):
        markdown = f"{markdown.rstrip()}\n\n{pointer}\n"
    return widened(markdown)


def widened(markdown: str) -> str:
    """Indent what belongs to an item of a list by four signs, and mend two things of tables.

    A mark on the line before a table is parted from it, and a stroke that is escaped in code, as a code
    host asks for, is shown without the escape.
    """
    lines: list[str] = []
    added, fenced = "", False
    for written in markdown.split("\n"):
        line = written
        fence = bool(FENCE.match(line))
        if not fenced:
            if item := ITEM.match(line):
                added = " " * (4 - min(4, len(item.group(0))))
            elif line.strip() and not line.startswith(" "):
                added = ""
            if line.startswith("|"):
                line = CODE.sub(lambda code: code.group(0).replace("\\|", "|"), line)
                if lines and lines[-1].startswith("<!--"):
                    lines.append("")
        fenced ^= fence
        lines.append(added + line if line.startswith("  ") else line)
    return "\n".join(lines)


def _linked(markdown: str, source: str, place: str) -> str:
    """Point the links of the repository's file `source` to the site's pages, seen from the page `place`."""

    def link(found: re.Match[str]) -> str:
        picture, text, target = found.groups()
        path, _, anchor = target.partition("#")
        if "://" in target or not path:
            return found.group(0)
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        page = _page(file)
        if page is None:
            return f"{text} (`{file}`)" if text.strip("`") != file else f"`{file}`"
        page = posixpath.relpath(page, posixpath.dirname(place) or ".")
        return f"{picture}[{text}]({page}{'#' if anchor else ''}{anchor})"

    parts = re.split(r"(^```.*?^```)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in parts)


def _page(file: str) -> str | None:
    """The site's page of a file of the repository, or None where it has none."""
    if file in TOP:
        return TOP[file]
    if file.startswith("docs/"):
        page = file.removeprefix("docs/")
        return f"{page}/index.md" if (ROOT / file).is_dir() else page
    return reference.page_of(file)


def _decisions() -> str:
    """The list of decisions."""
    lines = ["# Decisions", "", "What was decided about the suite, why, and what follows from it.", ""]
    for file in sorted((ROOT / "docs" / "decisions").glob("0*.md")):
        title = file.read_text().partition("\n")[0].removeprefix("# ").replace(". ", "\\. ", 1)
        lines.append(f"- [{title}]({file.name})")
    return "\n".join([*lines, ""])
