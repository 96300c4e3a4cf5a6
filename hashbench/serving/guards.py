"""What stands before the page: who may ask, how much may be sent, and what a browser may do with it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Of a request's body; what is more is read and forgotten up to the second number, so that the answer is
# heard: a browser that is still sending hears none.
MOST_BYTES, _MOST_FORGOTTEN = 10 << 20, 100 << 20
TOO_LARGE = f"The file is larger than {MOST_BYTES >> 20} MB. Choose a smaller picture."
_HEADERS = {
    # The page loads nothing from elsewhere; a picture that was chosen is shown from memory.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class KnownHosts:
    """Lets requests in that name this server as somebody would who means it.

    A page elsewhere can have its own name lead here (DNS rebinding), and then reads what is answered; it
    has no way to be called by an address. A page elsewhere that sends something says where it is from.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {"localhost", host.lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 or 403, or pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_known(host):
            answer = failure(400, "This page is at another address: its name is not known here.")
        elif origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            answer = failure(403, "Another page may not search here.")
        else:
            await self._app(scope, receive, send)
            return
        await answer(scope, receive, send)

    def _is_known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in self._names or bool(ip_address(name))
        except ValueError:
            return False


class SmallBodies:
    """Answers 413 to a body that is too large, by what it says or by what comes, and holds none of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what the application receives."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "")
        is_large, seen = stated.isdecimal() and int(stated) > MOST_BYTES, 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if is_large or seen > MOST_BYTES:
                while message.get("more_body") and seen <= _MOST_FORGOTTEN:
                    message = await receive()
                    seen += len(message.get("body", b""))
                raise HTTPException(413, TOO_LARGE)
            return message

        await self._app(scope, counted, send)


class SafeHeaders:
    """Tells the browser with every answer what it may do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, sent)


def failure(status: int, sentence: str) -> JSONResponse:
    """What is answered where something is wrong: one sentence for people, no traceback."""
    return JSONResponse({"error": sentence}, status)
