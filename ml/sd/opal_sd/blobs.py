"""Reading inputs and writing pictures at signed URLs, on allowed hosts only."""

import http.client
import ipaddress
import random
import socket
import ssl
import time
from typing import Optional, Tuple, Union
from urllib.parse import SplitResult, urlsplit

from .fault import Fault, invalid, unavailable

TRIES = 3
BACKOFF_S = 0.2
TIMEOUT_S = 30
MAX_URL = 4096

# Special ranges that is_global lets through, or did in older versions.
_NEVER = [ipaddress.ip_network(n) for n in ("168.63.129.16/32", "100.64.0.0/10", "192.0.0.0/24", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]


class Prohibited(OSError):
    """An allowed name leads to an address that is never dialled."""


Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


def permitted(address: str, allow_loopback: bool, networks: Tuple[Network, ...] = ()) -> bool:
    """Tell whether an IP address may be dialled: public ones, those of private
    networks that are allowed, and this machine where that is allowed."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return allow_loopback
    if any(ip.version == n.version and ip in n for n in _NEVER):
        return False
    if any(ip.version == n.version and ip in n for n in networks):
        return True
    return ip.is_global and not ip.is_multicast


class Blobs:
    """A blob client for signed URLs. It follows no redirect and uses no proxy."""

    def __init__(self, allowed_hosts: Tuple[str, ...], max_input: int, allow_loopback: bool = False, allowed_networks: Tuple[Network, ...] = ()):
        self._hosts = [h.lower() for h in allowed_hosts]
        self._max = max_input
        self._loopback = allow_loopback
        self._networks = allowed_networks
        self._tls = ssl.create_default_context()

    def check(self, url: str, what: str) -> SplitResult:
        """Parse a URL and hold it against the list. what is "input" or "output"."""
        bad = invalid(f"{what}_url_invalid", f"The {what}'s URL must be an absolute https URL")
        try:
            u = urlsplit(url)
            host, port = (u.hostname or "").lower(), u.port
        except ValueError:
            raise bad from None
        if len(url) > MAX_URL or not host or u.username is not None or u.scheme not in ("https", "http"):
            raise bad
        if any(ord(c) <= 32 or ord(c) >= 127 for c in url):
            raise bad
        if not any(self._matches(p, host, port) for p in self._hosts):
            raise invalid(f"{what}_host_not_allowed", f"The {what}'s URL points to a host that is not on the list; add it to SCORE_ALLOWED_HOSTS if it is yours")
        if u.scheme == "http" and not self._loopback:
            raise bad
        return u

    @staticmethod
    def _matches(pattern: str, host: str, port: Optional[int]) -> bool:
        if pattern.startswith("*."):
            return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
        return pattern == host or pattern == f"{host}:{port}"

    def get(self, url: str) -> bytes:
        """Read a blob of at most max_input bytes. Raises Fault."""
        u = self.check(url, "input")
        down = unavailable("input_unavailable", "The input could not be fetched; try again")

        def once(_again: bool) -> bytes:
            status, _, body = self._exchange("GET", u, b"", {}, self._max + 1)
            if status == 200:
                if len(body) > self._max:
                    raise invalid("input_too_large", f"The input is larger than {self._max} bytes")
                return body
            if status in (404, 410):
                raise invalid("input_not_found", "There is nothing at input_image_sas")
            if _worth_another(status):
                raise down
            raise invalid("input_refused", "input_image_sas can't be read: it may have expired or lack the right to read")

        return self._retry(once, down, "input")

    def put(self, url: str, data: bytes, content_type: str) -> None:
        """Create a blob. One that is there already counts as written when an
        earlier try of this call may have written it. Raises Fault."""
        u = self.check(url, "output")
        down = unavailable("output_unavailable", "The picture could not be written; try again")

        def once(again: bool) -> None:
            headers = {"x-ms-blob-type": "BlockBlob", "Content-Type": content_type}
            status, answer, _ = self._exchange("PUT", u, data, headers, 8192)
            if status in (200, 201):
                return
            exists = status == 409 or answer.get("x-ms-error-code") in ("BlobAlreadyExists", "UnauthorizedBlobOverwrite")
            if again and exists:
                return
            if _worth_another(status):
                raise down
            raise invalid("output_refused", "The picture can't be written: the URL may have expired, lack the right to create, or name a blob that exists")

        self._retry(once, down, "output")

    def _retry(self, once, down: Fault, what: str):
        for n in range(1, TRIES + 1):
            try:
                return once(n > 1)
            except Prohibited:
                raise invalid(f"{what}_host_not_allowed", f"The {what}'s host leads to an address that is not public") from None
            except (OSError, http.client.HTTPException):
                error = down
            except Fault as f:
                if f.status != 503:
                    raise
                error = f
            if n < TRIES:
                time.sleep(random.uniform(0, BACKOFF_S * 2**n))
        raise error

    def _dial(self, host: str, port: int) -> socket.socket:
        """Connect to the first address of the name that may be dialled: the
        check and the connection are for the same address."""
        refused = True
        error: OSError = OSError("no address")
        for family, kind, proto, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if not permitted(address[0], self._loopback, self._networks):
                continue
            refused = False
            s = socket.socket(family, kind, proto)
            s.settimeout(TIMEOUT_S)
            try:
                s.connect(address)
                return s
            except OSError as e:
                s.close()
                error = e
        raise Prohibited("not public") if refused else error

    def _exchange(self, method: str, u: SplitResult, body: bytes, headers: dict, limit: int):
        """One request; at most limit bytes of the answer are read."""
        host = u.hostname or ""
        port = u.port or (443 if u.scheme == "https" else 80)
        sock = self._dial(host, port)
        try:
            if u.scheme == "https":
                sock = self._tls.wrap_socket(sock, server_hostname=host)
            c = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
            c.sock = sock
            path = (u.path or "/") + (f"?{u.query}" if u.query else "")
            c.request(method, path, body=body or None, headers={**headers, "Host": u.netloc, "Accept-Encoding": "identity", "Content-Length": str(len(body))})
            r = c.getresponse()
            data = r.read(limit)
            declared = r.headers.get("Content-Length")
            if r.status == 200 and len(data) < limit and declared and declared.isdigit() and len(data) != int(declared):
                raise OSError("connection lost")
            return r.status, {k.lower(): v for k, v in r.headers.items()}, data
        finally:
            sock.close()


def _worth_another(status: int) -> bool:
    return status in (408, 429) or status >= 500
