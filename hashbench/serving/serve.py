"""Running the page's server until somebody stops it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from threading import Thread

import uvicorn

from hashbench.errors import ConfigError, reason
from hashbench.index.searcher import Searcher
from hashbench.progress import Progress
from hashbench.serving.application import application

# How long answers that are under way are waited for.
_GRACE_SECONDS = 3


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that the server will take over: what is wrong with the address is known before all else.

    Raises:
        ConfigError: There is no such address here, or the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        opened = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _taken(host, port, error) from error
    with opened:
        try:
            # A server that was stopped a moment ago leaves its port waiting.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind(address)
            opened.listen()
        except OSError as error:
            raise _taken(host, port, error) from error
        yield opened


def serve(searcher: Searcher, host: str, opened: socket.socket, k: int, progress: Progress) -> None:
    """Answer until this process is interrupted.

    Args:
        searcher: What is searched.
        host: What the server is called.
        opened: Where it listens.
        k: Pictures that a search finds.
        progress: Who is told where the page is.
    """
    port = opened.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    progress.note(
        f"{len(searcher.index):,} pictures can be searched at http://{shown}:{port} until Ctrl-C stops it"
    )
    if not _is_this_machine(opened):
        progress.notice(
            f"the page listens at {host}: whoever reaches this machine there can search the index and see "
            "its thumbnails, without a password, and others on the way can read along."
        )
    with suppress(KeyboardInterrupt):
        _server(searcher, host, k).run(sockets=[opened])


@contextmanager
def running(searcher: Searcher, host: str, opened: socket.socket, k: int) -> Iterator[str]:
    """The same in a thread, for as long as the block runs; yields the address of the page."""
    server = _server(searcher, host, k)
    thread = Thread(target=server.run, kwargs={"sockets": [opened]})
    thread.start()
    try:
        yield f"http://{host}:{opened.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _server(searcher: Searcher, host: str, k: int) -> uvicorn.Server:
    """The server, not yet running; it says nothing but what goes wrong."""
    config = uvicorn.Config(
        application(searcher, host, k),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return uvicorn.Server(config)


def _is_this_machine(opened: socket.socket) -> bool:
    """Whether nobody else reaches the address."""
    return ip_address(opened.getsockname()[0]).is_loopback


def _taken(host: str, port: int, error: OSError) -> ConfigError:
    return ConfigError(
        f"port {port} of {host!r} cannot be listened at ({reason(error)}). "
        "Expected an address of this machine and a free port: --port 0 takes any."
    )
