"""What the tests share: an engine that paints without a model, and a blob server."""

import io
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from opal_sd.service import create_app  # noqa: E402
from opal_sd.settings import Settings  # noqa: E402

CONTRACT = Path(__file__).resolve().parents[2] / "contract"
KEY = "a-test-key"


class PaintingEngine:
    """Stands for the model: paints its mask in one colour and, like a model,
    alters what it should have kept a little. drift grows the product by so many
    pixels in all variants but the last."""

    version = "test"

    def __init__(self, drift=0, fails=False, loaded=True, always=False):
        self.drift, self.fails, self.loaded, self.always = drift, fails, loaded, always
        self.jobs = []
        self.hold = None  # an event to wait for
        self.began = threading.Event()

    def ready(self):
        return self.loaded

    def failed(self):
        return self.fails

    def paint(self, job):
        self.jobs.append(job)
        self.began.set()
        if self.hold:
            assert self.hold.wait(10)
        out = []
        for i in range(job.variants):
            m = Image.new("RGB", job.image.size, (40, 90, 160))
            keep = job.mask.point(lambda a: 255 - a)
            drift = self.drift if i < job.variants - 1 or self.always else 0
            kept = job.image.point(lambda v: min(v + 3, 255))
            for dx, dy in ((-drift, 0), (drift, 0), (0, -drift)) if drift else ():
                m.paste(kept, (dx, dy), keep)
            m.paste(kept, (0, 0), keep)
            out.append(m)
        return out


class BlobServer:
    """Stands for the blob store behind signed URLs."""

    def __init__(self):
        self.blobs, self.types, self.hits, self.answers = {}, {}, 0, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body=b"", **headers):
                self.send_response(status)
                for k, v in headers.items():
                    self.send_header(k.replace("_", "-"), v)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def planned(self):
                outer.hits += 1
                if not outer.answers:
                    return False
                status = outer.answers.pop(0)
                if status == 0:  # the connection is lost
                    self.close_connection = True
                    self.connection.close()
                else:
                    self.reply(status, Location="http://127.0.0.1:1/")
                return True

            def do_GET(self):
                path = self.path.partition("?")[0]
                if self.planned():
                    return
                if path not in outer.blobs:
                    self.reply(404)
                else:
                    self.reply(200, outer.blobs[path])

            def do_PUT(self):
                path = self.path.partition("?")[0]
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.planned():
                    return
                if self.headers.get("x-ms-blob-type") != "BlockBlob":
                    self.reply(400)
                elif path in outer.blobs:
                    self.reply(409, x_ms_error_code="BlobAlreadyExists")
                else:
                    outer.blobs[path], outer.types[path] = body, self.headers["Content-Type"]
                    self.reply(201)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def put(self, path, data):
        self.blobs[path] = data
        return f"{self.url}{path}?sig=SIGNATURE"


@pytest.fixture
def blobs():
    s = BlobServer()
    yield s
    s.server.shutdown()
    s.server.server_close()


def mug(w=300, h=260):
    """A cut-out with margins, as PNG bytes."""
    m = Image.new("RGBA", (w, h), (0, 0, 0, 0))
    d = ImageDraw.Draw(m)
    d.rectangle((w // 5, h // 8, w * 4 // 5, h * 7 // 8), fill=(170, 60, 40, 255))
    d.ellipse((w // 3, h // 3, w * 2 // 3, h * 2 // 3), fill=(30, 160, 90, 255))
    return png(m)


def png(m):
    b = io.BytesIO()
    m.save(b, "PNG")
    return b.getvalue()


def settings(**changes):
    return Settings(**{"key": KEY, "allowed_hosts": ("127.0.0.1",), "allow_loopback": True, "wait": 0.2, **changes})


def client(engine=None, **changes):
    c = TestClient(create_app(settings(**changes), engine or PaintingEngine()), raise_server_exceptions=False)
    c.headers.update({"Authorization": f"Bearer {KEY}", "X-Correlation-Id": "c-1"})
    return c
