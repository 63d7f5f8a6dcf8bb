"""The server: what it refuses and with which status, by a test client and by raw sockets of a real one."""

import contextlib
import json
import re
import socket
from importlib import import_module

import pytest
from starlette.testclient import TestClient

from jgen.applications.forced_choice import create_app, listen
from jgen.applications.forced_choice.request_checks import LARGEST_BODY
from jgen.errors import UsageError
from tests.helpers.forced_choice import post, served, small_study, stored

PORT = 8123
HOME = f"http://127.0.0.1:{PORT}"
ANSWER = {"trial": 0, "choice": "left", "milliseconds": 700}


@pytest.fixture
def store(tmp_path, rng):
    made = small_study(tmp_path / "study.sqlite", rng)
    yield made
    made.close()


@pytest.fixture
def client(store):
    with TestClient(create_app(store, PORT), base_url=HOME, headers={"Origin": HOME}) as made:
        yield made


@pytest.fixture
def rater(client):
    assert client.post("/enter", json={"name": "ada"}).status_code == 200
    return client


def test_a_whole_study(rater, tmp_path):
    """Each reply is the next trial, with the answer before it on the disk; the last has no trial."""
    trial = rater.get("/trial").json()
    for position in range(6):
        assert (trial["position"], trial["done"], trial["total"]) == (position, position, 6)
        for side in ("left", "right"):
            image = rater.get(f"/image/{trial[side]}")
            assert (image.status_code, image.headers["content-type"]) == (200, "image/png")
        body = {"trial": position, "choice": "right", "milliseconds": 3}
        trial = rater.post("/answer", json=body).json()
        assert stored(tmp_path / "study.sqlite")[-1] == (1, position, "right")
    assert trial == {"position": None, "left": "", "right": "", "done": 6, "total": 6}


def test_a_double_post_counts_once(rater, tmp_path):
    first, second = (rater.post("/answer", json=ANSWER) for _ in range(2))
    assert first.json() == second.json()
    assert rater.post("/answer", json={**ANSWER, "choice": "right"}).status_code == 409
    assert rater.post("/answer", json={**ANSWER, "trial": 4}).status_code == 409
    assert stored(tmp_path / "study.sqlite") == [(1, 0, "left")]


def test_the_cookie_is_not_for_scripts_or_other_sites(client):
    cookie = client.post("/enter", json={"name": "ada"}).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_every_reply_has_a_strict_policy(client):
    for path in ("/", "/page.js", "/page.css", "/icon.svg", "/trial", "/image/none", "/none"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_page_uses_nothing_from_elsewhere(client):
    """No inline script or style, no handler, no address but its own: the policy would forbid them."""
    page, script, style = (client.get(path).text for path in ("/", "/page.js", "/page.css"))
    assert not re.search(r"https?:|//[a-z]|<style|style=|\son\w+=|<script(?! src=\"/page.js\")", page)
    assert not re.search(r"https?:|innerHTML|eval\(", script)
    assert not re.search(r"https?:|url\(|@import", style)


FOREIGN = [
    ({"Host": "evil.example"}, 421),
    ({"Host": f"evil.example:{PORT}"}, 421),  # rebound to 127.0.0.1
    ({"Host": "127.0.0.1"}, 421),
    ({"Host": f"127.0.0.1:{PORT + 1}"}, 421),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": f"http://127.0.0.1:{PORT + 1}"}, 403),
    ({"Origin": f"https://127.0.0.1:{PORT}"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
]


def check_sources(module, store):
    """Refuse foreign hosts and origins, of reads and of posts; accept both names of the loopback."""
    client = TestClient(module.create_app(store, PORT), base_url=HOME, headers={"Origin": HOME})
    for headers, status in FOREIGN:
        assert client.post("/enter", json={"name": "ada"}, headers=headers).status_code == status, headers
        assert client.get("/", headers=headers).status_code == status, headers
    own = f"localhost:{PORT}"
    headers = {"Host": own, "Origin": f"http://{own}", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/enter", json={"name": "ada"}, headers=headers).status_code == 200
    bare = TestClient(module.create_app(store, PORT), base_url=HOME)
    assert bare.get("/").status_code == 200
    assert bare.post("/enter", json={"name": "ada"}).status_code == 403  # browsers always name the origin


def test_foreign_sources_are_refused(store):
    check_sources(import_module("jgen.applications.forced_choice.server"), store)
    assert store.raters() == ["ada"]


BODIES = [
    (b"", 400),
    (b"{", 400),
    (b"[]", 400),
    (b"null", 400),
    (b"\xff\xfe", 400),
    (b"[" * 4000, 400),
    (b"9" * 4000, 400),
    (b'{"trial": 0, "choice": "left"}', 422),
    *(
        (json.dumps({**ANSWER, **other}).encode(), 422)
        for other in (
            {"choice": "up"},
            {"choice": None},
            {"choice": ["left"]},
            {"trial": "0"},
            {"trial": True},
            {"trial": -1},
            {"trial": 0.0},
            {"trial": 10**12},
            {"milliseconds": -5},
            {"milliseconds": float("nan")},
            {"more": 1},
        )
    ),
    (b'{"trial": 0, "choice": "left", "milliseconds": ' + b"1" * LARGEST_BODY + b"}", 413),
]
JSON = {"Content-Type": "application/json"}


def check_bodies(module, store):
    """Refuse malformed and oversized bodies, and other types."""
    client = TestClient(module.create_app(store, PORT), base_url=HOME, headers={"Origin": HOME})
    client.post("/enter", json={"name": "ada"})
    for body, status in BODIES:
        assert client.post("/answer", content=body, headers=JSON).status_code == status, body[:80]
    parts = client.post("/answer", content=iter([b" " * 1000] * 9), headers=JSON)  # without a length
    assert parts.status_code == 413
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        headers = {"Content-Type": kind}
        assert client.post("/answer", content=json.dumps(ANSWER), headers=headers).status_code == 415
    assert client.post("/answer", json=ANSWER).status_code == 200


def test_malformed_and_oversized_posts_are_refused(store, tmp_path):
    check_bodies(import_module("jgen.applications.forced_choice.server"), store)
    assert len(stored(tmp_path / "study.sqlite")) == 1


@pytest.mark.parametrize("name", ["", "  ", "a" * 61, "a\x00b", "a\u202eb", 5, None, ["a"]])
def test_other_names_are_refused(client, store, name):
    assert client.post("/enter", json={"name": name}).status_code == 422
    assert store.raters() == []


def test_a_name_in_any_script_is_one_rater(client, store):
    for name in ("Łukasz 李", "  Łukasz   李 "):
        assert client.post("/enter", json={"name": name}).status_code == 200
    assert store.raters() == ["Łukasz 李"]


def test_without_a_rater_there_is_nothing_to_see(client):
    assert client.get("/trial").status_code == 401
    assert client.post("/answer", json=ANSWER).status_code == 401
    client.cookies.set("rater", "0" * 32)
    assert client.get("/trial").status_code == 401


PATHS = [
    "/../../../../etc/passwd",
    "/image/../../store.py",
    "/image/..%2f..%2fstore.py",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/page/page.html",
    "/study.sqlite",
    "//etc/passwd",
    "/page.js/../study.py",
    "/image/%00",
    "/image/",
]


@pytest.mark.parametrize("path", PATHS)
def test_other_paths_are_missing(rater, path):
    assert rater.get(path).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("PUT", "/answer"), ("GET", "/answer"), ("POST", "/trial")])
def test_other_methods_are_refused(rater, method, path):
    assert rater.request(method, path).status_code == 405
    assert rater.request(method, path, headers={"Host": "evil.example"}).status_code == 421


def raw(port, text, wait=True):
    """Send bytes to the server; return the status of its reply, None if it hung up, and the reply."""
    reply = b""
    with (
        contextlib.suppress(ConnectionError),
        socket.create_connection(("127.0.0.1", port), 10) as connection,
    ):
        connection.sendall(text if isinstance(text, bytes) else text.encode())
        while wait and (part := connection.recv(65536)):
            reply += part
    status = re.match(rb"HTTP/1.1 (\d+)", reply)
    return int(status[1]) if status else None, reply


def lines(port, first, *headers, host=None):
    host = host or f"127.0.0.1:{port}"
    return "\r\n".join([f"{first} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""])


def test_a_real_server_refuses_the_same(store, tmp_path, capfd):
    """Paths and headers as an attacker sends them, which no client rewrites; then an answer is stored."""
    with served(store) as port:
        own, kind = f"Origin: http://127.0.0.1:{port}", "Content-Type: application/json"
        for path in PATHS:
            assert raw(port, lines(port, f"GET {path}"))[0] == 404, path
        assert raw(port, lines(port, "GET /", host="evil.example"))[0] == 421
        assert raw(port, lines(port, "GET /", "Host: evil.example"))[0] in (400, 421)  # two of them
        assert raw(port, lines(port, "GET /", "Origin: http://evil.example"))[0] == 403
        assert raw(port, lines(port, "POST /answer", own, kind, "Content-Length: 5000000000"))[0] == 413
        assert raw(port, lines(port, "POST /answer", own, kind, "Content-Length: -1"))[0] == 400
        chunks = b"1000\r\n" + b" " * 4096 + b"\r\n"
        head = lines(port, "POST /answer", own, kind, "Transfer-Encoding: chunked").encode()
        assert raw(port, head + 2 * chunks + b"0\r\n\r\n")[0] == 413
        assert raw(port, lines(port, "GET /", "X: " + "a" * 1_000_000))[0] in (400, None)
        assert raw(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")[0] == 400  # TLS
        raw(port, lines(port, "POST /answer", own, kind, "Content-Length: 100"), wait=False)  # and hangs up
        assert b"server:" not in raw(port, lines(port, "GET /"))[1].lower()
        status, _, cookie = post(port, "/enter", b'{"name": "ada"}')
        assert status == 200
        assert post(port, "/answer", json.dumps(ANSWER), Cookie=cookie)[0] == 200
        assert post(port, "/answer", b"{", Cookie=cookie)[0] == 400
    assert stored(tmp_path / "study.sqlite") == [(1, 0, "left")]
    assert "Traceback" not in capfd.readouterr().err


def test_it_listens_on_the_loopback_alone():
    with listen(0) as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        with pytest.raises(UsageError, match=f"cannot listen on port {port}"):
            listen(port)
    with pytest.raises(UsageError, match="cannot listen on port 99999"):
        listen(99999)
