"""What the server answers: searches, thumbnails by number, and one sentence where something is wrong."""

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tracemalloc
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from indexes import PICTURES, made_run
from PIL import Image

from hashbench.errors import ConfigError
from hashbench.index.build import build
from hashbench.progress import SilentProgress
from hashbench.runs.store import RunStore
from hashbench.serving.guards import MOST_BYTES
from hashbench.serving.serve import listening

FOUND = 6
BOUNDARY = "a-line-between-parts"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
LARGE = 50 << 20


@pytest.fixture
def ask(address_of):
    """Send a request to the server of an index: status, headers, and JSON or bytes."""

    def call(path, method="GET", body=None, headers=None, *, index="wsdhq", chunked=False):
        connection = http.client.HTTPConnection(urlsplit(address_of(index)).netloc, timeout=60)
        connection.request(method, path, body, headers or {}, encode_chunked=chunked)
        answer = connection.getresponse()
        content, kind = answer.read(), answer.headers["content-type"]
        connection.close()
        return answer.status, answer.headers, json.loads(content) if "json" in kind else content

    return call


def form(content, name="query.png"):
    """A file as a browser sends it."""
    about = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="{name}"\r\n\r\n'
    return about.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def drawn():
    from stranger import draw

    return lambda number: draw(number)[0]


def error(outcome, status):
    """The sentence that is answered."""
    found, _, answer = outcome
    assert found == status, answer
    assert {*answer} == {"error"}
    return answer["error"]


def test_the_page_comes_with_what_a_browser_may_do(ask):
    for path, kind in (("/", "text/html"), ("/search.css", "text/css"), ("/search.js", "text/javascript")):
        status, headers, content = ask(path)
        assert status == 200 and headers["content-type"].startswith(kind)
        assert b"http://" not in content and b"https://" not in content
        assert headers["content-security-policy"].startswith("default-src 'self'; ")
        assert headers["x-content-type-options"] == "nosniff"
    for path in ("/docs", "/openapi.json", "/redoc"):
        error(ask(path), 404)


def test_the_index_says_what_it_is(ask):
    _, _, about = ask("/api/about")
    assert (about["pictures"], about["bytes_per_picture"], about["bits"]) == (PICTURES, 2, 16)
    assert (about["method"], about["distance"], about["k"]) == ("wsdhq", "aqd", FOUND)
    assert about["words"] and about["why_no_words"] is None
    _, _, other = ask("/api/about", index="signs")
    assert not other["words"] and "knows pictures and no words" in other["why_no_words"]


def test_words_find_pictures(ask):
    status, _, answer = ask("/api/search?words=red%20ball&k=3")
    assert status == 200
    assert [one["rank"] for one in answer["found"]] == [1, 2, 3]
    assert answer["pictures"] == PICTURES and answer["bytes_per_picture"] == 2
    assert answer["seconds"]["encode"] > 0 and answer["seconds"]["scan"] > 0
    _, _, more = ask("/api/search?words=red+ball")
    assert len(more["found"]) == FOUND and more["found"][:3] == answer["found"]


def test_a_picture_finds_itself(ask, drawn):
    status, _, answer = ask("/api/search", "POST", form(drawn(20)), FORM, index="signs")
    assert status == 200
    assert answer["found"][0]["name"].startswith("020-") and answer["found"][0]["distance"] == 0
    status, headers, content = ask(f"/{answer['found'][0]['thumbnail']}", index="signs")
    assert status == 200 and headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(content)) as small:
        assert small.size == (40, 40)


def test_what_cannot_be_searched_for_is_said(ask):
    assert "word 'qzx' has no vector" in error(ask("/api/search?words=red+qzx"), 422)
    assert "no word in '!'" in error(ask("/api/search?words=!"), 422)
    assert "no words" in error(ask("/api/search?words=red", index="signs"), 422)
    assert error(ask("/api/search"), 422).startswith("query.words: ")
    assert error(ask("/api/search?words=red&k=0"), 422).startswith("query.k: ")
    assert error(ask("/api/search?words=red&k=many"), 422).startswith("query.k: ")
    assert error(ask(f"/api/search?words={'a' * 201}"), 422).startswith("query.words: ")


@pytest.mark.parametrize(
    ("content", "why"), [(b"these are words", "no image of a known kind"), (b"", "an empty file")]
)
def test_what_is_no_picture_is_refused(ask, content, why):
    outcome = ask("/api/search", "POST", form(content, "text.jpg"), FORM)
    assert error(outcome, 422) == f"This file cannot be read as a picture: {why}."


def test_a_form_without_a_picture_is_refused(ask):
    assert error(ask("/api/search", "POST", b"", FORM), 422)
    assert error(ask("/api/search", "POST", b"{}", {"Content-Type": "application/json"}), 422)


@pytest.mark.parametrize("chunked", [False, True], ids=["stated", "streamed"])
def test_a_large_file_is_refused_and_never_held(ask, chunked):
    head, tail = form(b"\0").split(b"\0")
    block = bytes(1 << 16)
    body = [head, *[block] * (LARGE // len(block)), tail]
    stated = {} if chunked else {"Content-Length": str(sum(map(len, body)))}
    ask("/api/about")
    tracemalloc.start()
    outcome = ask("/api/search", "POST", iter(body), FORM | stated, chunked=chunked)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error(outcome, 413) == "The file is larger than 10 MB. Choose a smaller picture."
    # What is streamed is read up to the bound before anybody can know.
    assert highest < (4 << 20) + (MOST_BYTES if chunked else 0)


@pytest.mark.parametrize(
    "path",
    [
        f"/thumbnails/{PICTURES}",
        "/thumbnails/-1",
        "/thumbnails/1.5",
        "/thumbnails/99999999999999999999",
        "/thumbnails/%D9%A1",  # a digit, elsewhere
        "/thumbnails/..%2f..%2fcodes.json",
        "/thumbnails/../codes.json",
        "/thumbnails//etc/passwd",
        "/thumbnails/link",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "/codes.json",
        "/run/config.json",
        "/shard-00000.npz",
        "/index.html/..%5c..%5ccodes.json",
    ],
)
def test_no_path_leads_to_a_file(ask, index_of, path):
    link = index_of("wsdhq") / "link"
    if not link.is_symlink():
        link.symlink_to("/etc/passwd")
    assert error(ask(path), 404)


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "elsewhere.example:8000", "", "127.0.0.1.example", "[::1"]
)
def test_another_name_is_refused(ask, host):
    assert "at another address" in error(ask("/api/about", headers={"Host": host}), 400)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000", "192.168.0.7"])
def test_the_machine_itself_may_ask(ask, host):
    assert ask("/api/about", headers={"Host": host})[0] == 200


def test_another_page_may_not_send(ask, drawn):
    for origin in ("http://elsewhere.example", "null"):
        outcome = ask("/api/search", "POST", form(drawn(0)), FORM | {"Origin": origin})
        assert "Another page" in error(outcome, 403)


def test_a_bug_shows_no_traceback(ask, address_of, monkeypatch):
    from hashbench.index.searcher import Searcher

    address_of("wsdhq")
    monkeypatch.setattr(Searcher, "by_words", lambda *_: 1 / 0)
    assert "Something went wrong here." in error(ask("/api/search?words=red"), 500)


def test_an_empty_index_finds_nothing(serving, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "one.png").write_bytes(b"no picture")
    run = RunStore(made_run(tmp_path, "wsdhq")).folder("wsdhq")
    build(run, tmp_path / "broken", tmp_path / "index", SilentProgress(), device="cpu")
    with serving(tmp_path / "index") as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        connection.request("GET", "/api/search?words=red")
        assert json.loads(connection.getresponse().read())["found"] == []
        connection.close()


def test_a_port_that_is_taken_is_told_in_a_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match=f"port {port} of '127.0.0.1' cannot be listened at .*in use"),
            listening("127.0.0.1", port),
        ):
            pass
    with (
        pytest.raises(ConfigError, match="Expected an address of this machine"),
        listening("no.host.invalid", 0),
    ):
        pass


@pytest.mark.slow
def test_it_stops_when_it_is_interrupted(index_of):
    command = [sys.executable, "-c", "from hashbench.cli.app import main; main()"]
    path = os.pathsep.join(
        [str(Path(__file__).parent.parent / "stranger"), os.environ.get("PYTHONPATH", "")]
    )
    process = subprocess.Popen(
        [*command, "serve", index_of("signs"), "--host", "0.0.0.0", "--port", "0"],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
    )
    said = [process.stderr.readline(), process.stderr.readline()]
    assert f"{PICTURES} pictures can be searched at http://0.0.0.0:" in said[0]
    assert "whoever reaches this machine" in said[1]
    port = int(said[0].partition("0.0.0.0:")[2].split()[0])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/about")
    assert connection.getresponse().status == 200
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in rest
    connection.close()
