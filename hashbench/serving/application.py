"""The page and its API: searches by picture and by words, and thumbnails by number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib import resources
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response

from hashbench.errors import DataError, HashbenchError
from hashbench.index.searcher import Found, Searcher
from hashbench.serving.guards import MOST_BYTES, KnownHosts, SafeHeaders, SmallBodies, failure

# Pictures that a search may ask for, and letters of its words.
MOST_FOUND, _MOST_LETTERS = 200, 200
# By what a browser asks for: files of the page, and what they are.
_PAGE = {
    "/": ("index.html", "text/html"),
    "/search.css": ("search.css", "text/css"),
    "/search.js": ("search.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
Words = Annotated[str, Query(max_length=_MOST_LETTERS)]
Number = Annotated[int | None, Query(ge=1, le=MOST_FOUND)]


def application(searcher: Searcher, host: str, k: int) -> FastAPI:
    """What answers a browser.

    Args:
        searcher: What is searched.
        host: The name or address that the server listens at.
        k: Pictures that a search finds, where it does not say how many.
    """
    guards = [Middleware(SafeHeaders), Middleware(KnownHosts, host=host), Middleware(SmallBodies)]
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, middleware=guards)
    codes, alone = searcher.index.codes, asyncio.Lock()

    async def answered(work: Callable[[], Found]) -> dict[str, Any]:
        """Search in a thread, one search at a time."""
        async with alone:
            found = await run_in_threadpool(work)
        return _told(searcher, found)

    @app.get("/api/about")
    def about() -> dict[str, Any]:
        spec = searcher.index.record.spec
        return {
            "pictures": len(codes),
            "bytes_per_picture": codes.bytes_per_item,
            "method": spec.method["name"],
            "bits": codes.bits,
            "distance": searcher.distance,
            "words": searcher.no_words is None,
            "why_no_words": searcher.no_words,
            "most_bytes": MOST_BYTES,
            "k": k,
        }

    @app.get("/api/search")
    async def by_words(words: Words, number: Annotated[Number, Query(alias="k")] = None) -> dict[str, Any]:
        return await answered(lambda: searcher.by_words(words, number or k))

    @app.post("/api/search")
    async def by_picture(
        picture: UploadFile, number: Annotated[Number, Query(alias="k")] = None
    ) -> dict[str, Any]:
        encoded = await picture.read()

        def search() -> Found:
            try:
                return searcher.by_picture(encoded, number or k)
            except DataError as error:
                raise DataError(f"This file cannot be read as a picture: {error}.") from error

        return await answered(search)

    @app.get("/thumbnails/{place}")
    def thumbnail(place: str) -> Response:
        # Nothing but a number that the index has ever becomes a place in a file.
        if not (place.isascii() and place.isdecimal() and len(place) <= 10 and int(place) < len(codes)):
            raise HTTPException(404, "There is no picture of that number.")
        return Response(searcher.index.thumbnail(int(place)), media_type="image/jpeg")

    for path, (name, kind) in _PAGE.items():
        app.add_api_route(path, _page(name, kind), include_in_schema=False)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HashbenchError, _sorry)
    app.add_exception_handler(Exception, _broken)
    return app


def _told(searcher: Searcher, found: Found) -> dict[str, Any]:
    """What was found, as JSON."""
    codes = searcher.index.codes
    return {
        "found": [
            {
                "rank": rank,
                "place": hit.place,
                "name": hit.name,
                "distance": hit.distance,
                "thumbnail": f"thumbnails/{hit.place}",
            }
            for rank, hit in enumerate(found.hits, start=1)
        ],
        "pictures": len(codes),
        "bytes_per_picture": codes.bytes_per_item,
        "distance": searcher.distance,
        "seconds": {"encode": found.encode_seconds, "scan": found.scan_seconds},
    }


def _page(name: str, kind: str) -> Callable[[], Response]:
    """What answers with a file of the page, which is read once."""
    content = (resources.files("hashbench.serving") / "page" / name).read_bytes()
    return lambda: Response(content, media_type=kind)


def _refused(request: Request, error: Exception) -> JSONResponse:
    """A path that is not there, a body that is too large, ..."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
    return failure(error.status_code, str(error.detail))


def _misread(request: Request, error: Exception) -> JSONResponse:
    """A request that lacks something, or says something else than a number."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    first = error.errors()[0]
    return failure(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")


def _sorry(request: Request, error: Exception) -> JSONResponse:
    """What cannot be searched for."""
    return failure(422, str(error))


def _broken(request: Request, error: Exception) -> JSONResponse:
    """A bug: the server's log has the traceback."""
    return failure(500, "Something went wrong here. The terminal that the server runs in says what.")
