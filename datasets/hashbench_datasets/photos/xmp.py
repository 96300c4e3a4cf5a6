"""Keywords in XMP, the XML that photo programs write into images and beside them.

Only names and text are taken from it, with the parser of the standard library: nothing is built in memory,
and a document type, which could make much out of little or name other files, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import ParseError, XMLParser

from hashbench_datasets.photos.tagged import once

MOST_BYTES = 8_000_000
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
# The properties that hold keywords, and what stands between the levels of those with levels.
_PROPERTIES = {
    "{http://purl.org/dc/elements/1.1/}subject": "",
    "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject": "|",
    "{http://www.digikam.org/ns/1.0/}TagsList": "/",
}
# darktable writes what it did to a photo as keywords of this level, and each level as a subject.
_PROGRAM = "darktable"
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


def keywords(packet: bytes) -> tuple[str, ...]:
    """The keywords of an XMP packet, in order; of one with levels the last level.

    Raises:
        ValueError: It is no XMP, too large, or has a document type.
    """
    text = _text(packet)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("XMP with a document type")
    found = _Keywords()
    parser = XMLParser(target=found)  # noqa: S314 - a document type is refused
    try:
        parser.feed(text)
        parser.close()
    except ParseError as error:
        raise ValueError(f"XMP is damaged ({error})") from error
    own = {part for path in found.paths if path[0] == _PROGRAM for part in path}
    leaves = (path[-1] for path in found.paths if path[0] != _PROGRAM)
    return once(tag for tag in (*found.words, *leaves) if tag not in own)


def _text(packet: bytes) -> str:
    """The XML of a packet, without what may stand around it."""
    if len(packet) > MOST_BYTES:
        raise ValueError(f"XMP of {len(packet):,} bytes")
    encoding = _MARKS.get(packet[:2], "utf-8")
    return packet.decode(encoding).strip("\ufeff\0 \t\r\n")


class _Keywords:
    """Takes the keywords from a parser's events.

    Attributes:
        words: Keywords without levels.
        paths: The levels of each of the others.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self.paths: list[list[str]] = []
        self._property = ""
        self._text: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note which property begins; a property may be an attribute as well."""
        for name in _PROPERTIES.keys() & attributes.keys():
            self._keep(name, attributes[name])
        if tag in _PROPERTIES:
            self._property = tag
        if tag in _PROPERTIES or tag == f"{_RDF}li":
            self._text.clear()

    def data(self, text: str) -> None:
        """Gather the text of a keyword."""
        if self._property:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """Keep an item of a list, or a property without a list."""
        if self._property and tag in {self._property, f"{_RDF}li"}:
            self._keep(self._property, "".join(self._text))
            self._text.clear()
        if tag == self._property:
            self._property = ""

    def close(self) -> None:
        """There is nothing left to do."""

    def _keep(self, name: str, text: str) -> None:
        separator = _PROPERTIES[name]
        levels = [level.strip() for level in text.split(separator)] if separator else [text.strip()]
        levels = [level for level in levels if level]
        if levels and separator:
            self.paths.append(levels)
        elif levels:
            self.words.extend(levels)
