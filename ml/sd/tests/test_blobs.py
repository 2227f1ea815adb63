"""Fetching and storing, and what is refused."""

import ipaddress

import pytest
from opal_sd import blobs as module
from opal_sd.blobs import Blobs, permitted
from opal_sd.fault import Fault


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "BACKOFF_S", 0.001)


def local(limit=100):
    return Blobs(("127.0.0.1",), limit, allow_loopback=True)


def code(call, *args):
    with pytest.raises(Fault) as e:
        call(*args)
    assert "SIGNATURE" not in e.value.text
    return e.value.code


@pytest.mark.parametrize("url,want", [
    ("https://acct.blob.core.windows.net/c/x?sig=1", None),
    ("https://ACCT.blob.core.windows.net/c/x", None),
    ("https://a.b.example.com/x", None),
    ("https://blob.test:8443/x", None),
    ("https://blob.test/x", "input_host_not_allowed"),
    ("https://example.com/x", "input_host_not_allowed"),
    ("https://evilexample.com/x", "input_host_not_allowed"),
    ("https://acct.blob.core.windows.net.evil.io/x", "input_host_not_allowed"),
    ("https://acct.blob.core.windows.net@evil.io/x", "input_url_invalid"),
    ("http://acct.blob.core.windows.net/x", "input_url_invalid"),
    ("file:///etc/passwd", "input_url_invalid"),
    ("//acct.blob.core.windows.net/x", "input_url_invalid"),
    ("https://a.example.com:port/x", "input_url_invalid"),
    ("https://a.example.com/x\r\nHost: evil", "input_url_invalid"),
    ("https://a.example.com/" + "x" * 5000, "input_url_invalid"),
    ("", "input_url_invalid"),
])
def test_hosts_are_allowed_by_name(url, want):
    b = Blobs(("acct.blob.core.windows.net", "*.example.com", "blob.test:8443"), 1)
    if want is None:
        b.check(url, "input")
    else:
        assert code(b.check, url, "input") == want


@pytest.mark.parametrize("address,public", [
    ("20.60.1.2", True), ("2603:1030::1", True), ("127.0.0.1", False), ("::1", False), ("::ffff:127.0.0.1", False), ("10.1.2.3", False),
    ("192.168.0.1", False), ("172.16.0.1", False), ("100.64.0.1", False), ("169.254.169.254", False), ("168.63.129.16", False),
    ("0.0.0.0", False), ("224.0.0.1", False), ("fe80::1%eth0", False), ("fd00::1", False), ("64:ff9b::a9fe:a9fe", False),
    ("::ffff:169.254.169.254", False), ("2002:a9fe:a9fe::1", False),
])
def test_special_addresses_are_never_dialled(address, public):
    assert permitted(address, False) == public
    assert permitted(address, True) == (public or address in ("127.0.0.1", "::1", "::ffff:127.0.0.1"))


def test_a_private_network_can_be_allowed():
    networks = (ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fd00::/64"))
    for address, want in [("10.20.1.2", True), ("::ffff:10.20.1.2", True), ("10.21.0.1", False), ("fd00::5", True), ("169.254.169.254", False), ("127.0.0.1", False)]:
        assert permitted(address, False, networks) == want, address


def test_the_guard_works_when_dialling(blobs):
    b = Blobs(("localhost",), 100)
    assert code(b.get, f"https://localhost:{blobs.server.server_port}/x") == "input_host_not_allowed"
    assert blobs.hits == 0


@pytest.mark.parametrize("answers,size,want,hits", [
    ([], 100, None, 1), ([], 101, "input_too_large", 1), ([503], 5, None, 2), ([0, 500], 5, None, 3),
    ([500, 429, 408], 5, "input_unavailable", 3), ([403], 5, "input_refused", 1), ([404], 5, "input_not_found", 1), ([302], 5, "input_refused", 1),
])
def test_input_is_fetched_within_limits(blobs, answers, size, want, hits):
    url = blobs.put("/x", bytes(size))
    blobs.answers = list(answers)
    if want is None:
        assert local().get(url) == bytes(size)
    else:
        assert code(local().get, url) == want
    assert blobs.hits == hits


@pytest.mark.parametrize("answers,there,want,hits", [
    ([], False, None, 1), ([500], False, None, 2), ([], True, "output_refused", 1), ([503], True, None, 2),
    ([403], False, "output_refused", 1), ([500, 403], False, "output_refused", 2), ([0, 503, 429], False, "output_unavailable", 3),
])
def test_output_is_written_once(blobs, answers, there, want, hits):
    url = blobs.put("/x", b"old") if there else f"{blobs.url}/x?sig=SIGNATURE"
    blobs.answers = list(answers)
    if want is None:
        local().put(url, b"new", "image/jpeg")
        assert blobs.blobs["/x"] == (b"old" if there else b"new")
    else:
        assert code(local().put, url, b"new", "image/jpeg") == want
    assert blobs.hits == hits


def test_nobody_listens():
    assert code(local().get, "http://127.0.0.1:1/x?sig=SIGNATURE") == "input_unavailable"
