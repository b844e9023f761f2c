"""`opensearch serve` as a process: it starts, answers, bears with bad clients, and ends in time."""

import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import pytest
from click.testing import CliRunner
from service_clients import TOKEN

from opensearch.cli import main

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"


@contextmanager
def serving(index, *options):
    """A service in a process of its own, and its port."""
    command = [sys.executable, "-m", "opensearch", "serve", index, "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\n", address)
        assert found, (address, process.stderr.read())
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def service(toy_index):
    with serving(toy_index, "--no-open") as running:
        yield running


def answer(port, path, method="GET", body=None, headers={}):  # noqa: B006 - never changed
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()


def raw(port, data, seconds=5.0):
    """What a connection says to bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(data)
        said = b""
        while part := connection.recv(65536):
            said += part
            if b"\r\n\r\n" in said and said.endswith(b"}"):
                break
        return said


def test_it_answers_and_finds(service):
    _, port = service
    assert answer(port, "/healthz") == (200, b'{"status":"ok"}')
    body = '{"parts": [{"kind": "words", "text": "disc"}], "k": 1}'
    headers = {"Content-Type": "application/json"}
    status, said = answer(port, "/v1/search", "POST", body, headers)
    assert (status, b"disc" in said) == (200, True)


@pytest.mark.parametrize(
    "data",
    [
        HEALTH + b"".join(b"X-%d: 1\r\n" % n for n in range(10_000)) + b"\r\n",
        HEALTH + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nContent-Length: x\r\nHost: localhost\r\n\r\n",
    ],
)
def test_a_head_that_is_none_is_refused_in_the_one_shape(service, data):
    _, port = service
    said = raw(port, data)
    assert said.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
    assert b'"way_out"' in said
    assert answer(port, "/healthz")[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET /static/../app.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET //etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/items/..%2f..%2fetc%2fpasswd/file HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    ],
)
def test_crooked_paths_lead_nowhere(service, head):
    _, port = service
    said = raw(port, head)
    assert re.match(rb"HTTP/1.1 4\d\d ", said)
    assert b'"error"' in said


def test_silent_connections_keep_nobody_waiting(service):
    _, port = service
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    try:
        start = time.monotonic()
        assert answer(port, "/healthz")[0] == 200
        assert time.monotonic() - start < 5
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_in_order(toy_index, number):
    with serving(toy_index, "--no-open") as (process, port):
        assert answer(port, "/v1/info")[0] == 200
        process.send_signal(number)
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()


def test_what_is_under_way_is_answered_before_the_end(toy_index):
    with serving(toy_index, "--no-open") as (process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.putrequest("POST", "/v1/search")
        body = b'{"parts": [{"kind": "words", "text": "disc"}], "k": 1}'
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:10])
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.send(body[10:])
        assert connection.getresponse().status == 200
        connection.close()
        assert process.wait(20) == 0


def test_a_port_that_is_taken_is_told(service, toy_index):
    _, port = service
    result = CliRunner().invoke(main, ["serve", str(toy_index), "--port", str(port)])
    assert result.exit_code == 2
    assert f"--port {port} of 127.0.0.1 cannot be used" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0 may be reached from other machines"),
        (["--host", "256.0.0.1", "--token-file", "{token}"], "is not an address of this machine"),
        (["--token-file", "{none}"], "--token-file {none} cannot be read"),
    ],
)
def test_what_cannot_be_served_is_told_in_flags(toy_index, tmp_path, options, message):
    (tmp_path / "token").write_text(TOKEN)
    places = {"token": str(tmp_path / "token"), "none": str(tmp_path / "none")}
    words = [option.format(**places) for option in options]
    result = CliRunner().invoke(main, ["serve", str(toy_index), *words])
    assert result.exit_code == 2
    assert message.format(**places) in result.stderr
    assert result.stderr.count("\n") == 1
