"""An archive is fetched once, goes on where it broke off, and is held to what is known of it."""

import hashlib
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hashbench.data.download import Archive, fetch
from hashbench.errors import DataError
from hashbench.progress import SilentProgress

CONTENT = bytes(range(256)) * 12_000  # 3 MB, several pieces


def digest(content, kind="sha256"):
    return hashlib.new(kind, content).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves one content, and remembers what was asked for.

    Attributes:
        ranges: Whether parts may be asked for.
        stop_after: Bytes of each answer after which the connection ends, if any.
        status: Answer with this error.
        length: Whether answers tell their length.
        redirect: Send the client there.
        lie: Answer a Range from this many bytes further on.
        asked: The Range header of each request.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.ranges, self.stop_after, self.status = CONTENT, True, None, None
        self.length, self.redirect, self.lie, self.asked = True, None, 0, []

    def handle_error(self, request, client_address):
        """A client that hangs up is no error of the test."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/data/photos.zip"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        if server.status is not None or server.redirect is not None:
            self.send_response(server.status or 302)
            if server.redirect is not None:
                self.send_header("Location", server.redirect)
            self.end_headers()
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0
        if start and start >= len(server.content):
            self.send_error(416)
            return
        start += server.lie if start else 0
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if start:
            last = len(server.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(server.content)}")
        if server.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.stop_after])


@contextmanager
def serving():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with serving() as running:
        yield running


@pytest.fixture
def known(server):
    """The server's archive with all that can be published of it."""
    return Archive(server.url, len(CONTENT), md5=digest(CONTENT, "md5"), sha256=digest(CONTENT).upper())


def get(archive, folder):
    return fetch(archive, folder, SilentProgress())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


class Counting(SilentProgress):
    def __init__(self):
        self.totals, self.done = [], 0

    @contextmanager
    def task(self, description, total):
        self.totals.append(total)

        def advance(steps):
            self.done += steps

        yield advance


def test_an_archive_is_downloaded_once_and_counted_in_bytes(server, known, tmp_path):
    progress = Counting()
    path = fetch(known, tmp_path / "new", progress)
    assert path == tmp_path / "new/photos.zip" and path.read_bytes() == CONTENT
    assert progress.totals == [len(CONTENT)] and progress.done == len(CONTENT)
    assert get(known, tmp_path / "new") == path
    assert server.asked == [None] and names(tmp_path / "new") == ["photos.zip"]


def test_a_file_that_is_there_is_used_without_a_server(tmp_path):
    (tmp_path / "photos.zip").write_bytes(CONTENT)
    archive = Archive("https://unreachable.invalid/photos.zip", len(CONTENT), md5=digest(CONTENT, "md5"))
    assert get(archive, tmp_path).read_bytes() == CONTENT


def test_a_download_goes_on_where_it_broke_off(server, known, tmp_path):
    server.stop_after = 2_000_000
    with pytest.raises(
        DataError, match="broke off after 2,000,000 of 3,072,000 bytes. Run the command again"
    ):
        get(known, tmp_path)
    assert names(tmp_path) == ["photos.zip.part"]
    server.stop_after = None
    assert get(known, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=2000000-"] and names(tmp_path) == ["photos.zip"]


@pytest.mark.parametrize("part", [b"another file", CONTENT + b"more", CONTENT[:100]])
def test_a_server_without_parts_sends_the_whole_again(server, known, tmp_path, part):
    server.ranges = False
    (tmp_path / "photos.zip.part").write_bytes(part)
    assert get(known, tmp_path).read_bytes() == CONTENT


def test_a_part_that_is_whole_is_not_asked_for_again(server, known, tmp_path):
    (tmp_path / "photos.zip.part").write_bytes(CONTENT)
    assert get(known, tmp_path).read_bytes() == CONTENT
    assert server.asked == []


def test_a_part_longer_than_the_servers_file_is_thrown_away(server, tmp_path):
    (tmp_path / "photos.zip.part").write_bytes(CONTENT + b"more")
    assert get(Archive(server.url, md5=digest(CONTENT, "md5")), tmp_path).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT) + 4}-", None]


def test_a_part_of_another_file_is_found_out_and_removed(server, known, tmp_path):
    (tmp_path / "photos.zip.part").write_bytes(b"another file")
    with pytest.raises(DataError, match="MD5"):
        get(known, tmp_path)
    assert names(tmp_path) == []
    assert get(known, tmp_path).read_bytes() == CONTENT


def test_a_server_that_sends_another_part_is_refused(server, known, tmp_path):
    (tmp_path / "photos.zip.part").write_bytes(CONTENT[:1000])
    server.lie = 5
    with pytest.raises(DataError, match=r"cannot fetch .*asked for byte 1,000, got 1,005"):
        get(known, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": 7}, "has 3,072,000 bytes. Expected 7"),
        ({"md5": "0" * 32}, f"MD5 {digest(CONTENT, 'md5')}. Expected {'0' * 32}"),
        ({"sha256": "A" * 64}, f"SHA-256 {digest(CONTENT)}. Expected {'a' * 64}"),
    ],
)
def test_a_download_that_is_not_as_published_is_removed(server, tmp_path, wrong, message):
    with pytest.raises(DataError, match=message) as caught:
        get(Archive(server.url, **wrong), tmp_path)
    assert server.url in str(caught.value) and "\n" not in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("wrong", "message"), [({"size": 7}, "4 bytes. Expected 7 bytes"), ({"md5": "0" * 32}, "MD5")]
)
def test_a_persons_file_that_is_not_as_published_is_refused_and_kept(tmp_path, wrong, message):
    (tmp_path / "photos.zip").write_bytes(b"mine")
    with pytest.raises(DataError, match=message) as caught:
        get(Archive("https://unreachable.invalid/photos.zip", **wrong), tmp_path)
    assert str(tmp_path / "photos.zip") in str(caught.value)
    assert names(tmp_path) == ["photos.zip"]


def test_an_endless_answer_is_cut_off(server, known, tmp_path):
    server.length, server.content = False, CONTENT * 3
    with pytest.raises(DataError, match=r"[0-9,]+ bytes. Expected 3,072,000 bytes"):
        get(known, tmp_path)
    assert names(tmp_path) == []


def test_without_a_checksum_the_first_download_is_held_to(server, tmp_path):
    path = get(Archive(server.url), tmp_path)
    assert (tmp_path / "photos.zip.sha256").read_text() == f"{digest(CONTENT)}  photos.zip\n"
    assert get(Archive(server.url), tmp_path) == path
    path.write_bytes(b"another")
    with pytest.raises(DataError, match=f"SHA-256 {digest(b'another')}. Expected {digest(CONTENT)}"):
        get(Archive(server.url), tmp_path)
    path.unlink()
    server.content = b"the server's file has changed"
    with pytest.raises(DataError, match="is not what it was at first use"):
        get(Archive(server.url), tmp_path)
    assert names(tmp_path) == ["photos.zip.sha256"]


def test_without_a_checksum_a_persons_first_file_is_held_to(tmp_path):
    archive, path = Archive("https://unreachable.invalid/photos.zip"), tmp_path / "photos.zip"
    path.write_bytes(b"mine")
    get(archive, tmp_path)
    path.write_bytes(b"other")
    with pytest.raises(DataError, match="at first use"):
        get(archive, tmp_path)
    (tmp_path / "photos.zip.sha256").write_text("what is this?")
    with pytest.raises(DataError, match=r"photos.zip.sha256' holds no SHA-256"):
        get(archive, tmp_path)


def test_without_a_checksum_a_broken_download_begins_anew(server, tmp_path):
    server.stop_after = 2_000_000
    with pytest.raises(DataError, match="Run the command again, or put the file at"):
        get(Archive(server.url, len(CONTENT)), tmp_path)
    assert names(tmp_path) == []
    server.stop_after = None
    assert get(Archive(server.url, len(CONTENT)), tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, None]


def test_a_file_that_the_server_lacks_is_named(server, known, tmp_path):
    server.status = 404
    with pytest.raises(
        DataError, match=r"cannot fetch http://.*photos.zip \(404 Not Found\). Try"
    ) as caught:
        get(known, tmp_path)
    assert f"put the file at {str(tmp_path / 'photos.zip')!r}" in str(caught.value)


def test_a_redirect_leads_to_no_other_kind_of_address(server, known, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    for target in (f"file://{secret}", "ftp://127.0.0.1/photos.zip"):
        server.redirect = target
        with pytest.raises(DataError, match="cannot fetch"):
            get(known, tmp_path / "new")
    assert names(tmp_path / "new") == []


def test_without_a_network_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("no_proxy", "*")
    with serving() as server:
        url = server.url
    with pytest.raises(DataError, match=r"cannot fetch .*refused.*put the file at") as caught:
        get(Archive(url), tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["ftp://example.org/a.zip", "file:///etc/passwd", "a.zip", "javascript:a.zip"]
)
def test_other_kinds_of_addresses_are_refused(url):
    with pytest.raises(DataError, match="Expected an https or http URL"):
        Archive(url)


@pytest.mark.parametrize("url", ["https://example.org", "https://example.org/a/", "https://example.org/.."])
def test_an_address_without_a_files_name_is_refused(url):
    with pytest.raises(DataError, match="does not end in a file's name"):
        Archive(url)
