"""The HTTP service."""

import asyncio
import base64
import hashlib
import hmac
import io
import json
import logging
import re
import time
import uuid
from dataclasses import replace
from typing import Optional

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from . import contract, placing
from .blobs import Blobs
from .engine import Engine, PaintJob
from .fault import Fault, unavailable
from .settings import Settings
from .words import wording

log = logging.getLogger("opal_sd")

JPEG_QUALITY = 95
BUSY_RETRY_AFTER = 5
_ID = re.compile(r"^[\x21-\x7e]{1,128}$")


def create_app(settings: Settings, engine: Engine, blobs: Optional[Blobs] = None) -> FastAPI:
    """Build the service around an engine."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    blobs = blobs or Blobs(settings.allowed_hosts, settings.max_input, settings.allow_loopback, settings.allowed_networks)
    places = asyncio.Semaphore(settings.concurrency)
    wanted = hashlib.sha256(settings.key.encode()).digest()

    @app.middleware("http")
    async def correlate(request: Request, call_next):
        given = request.headers.get("x-correlation-id", "")
        request.state.correlation_id = given if _ID.match(given) else str(uuid.uuid4())
        request.state.ids = {"correlation_id": request.state.correlation_id}
        try:
            response = await call_next(request)
        except Exception:  # its text stays in the log
            log.exception("Scoring failed", extra={"ids": request.state.ids})
            response = _problem(request, 500, "internal", "Something failed in the scoring service")
        response.headers["X-Correlation-Id"] = request.state.correlation_id
        return response

    @app.exception_handler(Fault)
    async def on_fault(request: Request, f: Fault):
        log.info("Scoring failed: %s", f.code, extra={"ids": {**request.state.ids, "status": f.status}})
        return _problem(request, f.status, f.code, f.text, f.retry_after)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, e: HTTPException):
        code = {404: "not_found", 405: "method_not_allowed"}.get(e.status_code, f"http_{e.status_code}")
        return _problem(request, e.status_code, code, str(e.detail))

    @app.get("/livez")
    async def livez():
        if engine.failed():
            raise unavailable("model_failed", "The model could not be loaded; the container must be restarted")
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz():
        if not engine.ready():
            raise unavailable("not_ready", "The model is still being loaded", 10)
        return {"status": "ok", "engine": "sd"}

    @app.post("/score")
    async def score(request: Request):
        if settings.auth == "key":
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            same = hmac.compare_digest(hashlib.sha256(token.strip().encode()).digest(), wanted)
            if not (same and scheme.lower() == "bearer"):
                raise Fault(401, "unauthorized", "The key is missing or wrong; send it as Authorization: Bearer")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > contract.MAX_BODY:
                break
        req = contract.parse(bytes(body))
        # of every line from here on, those of faults among them
        request.state.ids = {**request.state.ids, "tenant_id": req.tenant_id, "job_id": req.job_id, "item_id": req.item_id}
        blobs.check(req.input_image_sas, "input")
        for url, what in ((req.output_image_sas, "output"), (req.backdrop_sas, "backdrop")):
            if url:
                blobs.check(url, what)
        if not engine.ready():
            raise unavailable("not_ready", "The model is still being loaded", 10)
        until = time.monotonic() + settings.deadline
        try:
            await asyncio.wait_for(places.acquire(), settings.wait or 0.001)
        except asyncio.TimeoutError:
            raise Fault(429, "busy", "All places are taken; try again in a moment", BUSY_RETRY_AFTER) from None
        try:
            answer = await run_in_threadpool(_work, req, settings, engine, blobs, request.state.ids, until)
        finally:
            places.release()
        return JSONResponse(answer)

    return app


def _work(req: contract.ScoreRequest, settings: Settings, engine: Engine, blobs: Blobs, ids: dict, until: float) -> dict:
    started = time.monotonic()
    canvas = placing.prepare(placing.read_cutout(blobs.get(req.input_image_sas)), req)
    fetched = time.monotonic()
    job = PaintJob(canvas.image, canvas.mask, wording(req), req.seed, settings.variants, placing.reference(canvas), until)
    painted = engine.paint(job)
    chosen = placing.finish(canvas, painted)
    if chosen.grown > placing.GROWN and time.monotonic() + (time.monotonic() - fetched) < until:
        # Once more, from another seed: a call costs the caller more than a picture does.
        again = replace(job, seed=(req.seed + settings.variants) % 2**64, variants=1)
        painted += engine.paint(again)
        chosen = placing.finish(canvas, painted)
    done = time.monotonic()
    buffer = io.BytesIO()
    chosen.picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    meta = {
        "engine": "sd", "engine_version": engine.version, "seed": req.seed, "width": req.width, "height": req.height,
        "content_type": "image/jpeg", "generated": True,
    }
    if req.scene:
        meta["scene"] = req.scene
    if canvas.box:
        meta["product_box"] = [float(v) for v in canvas.box]
        meta["floor_y"] = float(canvas.box[1] + canvas.box[3])
    else:
        meta["note"] = "the input shows no product: it is transparent"
    if req.light in ("left", "right"):
        meta["light"] = req.light
    notes = [f"variant {chosen.index + 1} of {len(painted)}"] if len(painted) > 1 else []
    if chosen.grown > placing.GROWN:
        notes.append("the product seems to go on beyond its outline")
    if notes:
        meta["note"] = "; ".join(notes)
    if req.backdrop_sas and canvas.box:
        # As the model painted it: the caller's own check judges the model by it.
        scene = io.BytesIO()
        chosen.scene.save(scene, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        blobs.put(req.backdrop_sas, scene.getvalue(), "image/jpeg")
        meta["layers"] = {"backdrop": True, "shadow": False, "product": True}
    answer: dict = {"meta": meta}
    if req.output_image_sas:
        blobs.put(req.output_image_sas, buffer.getvalue(), "image/jpeg")
    else:
        answer = {"image_bytes_b64": base64.b64encode(buffer.getvalue()).decode(), **answer}
    log.info("Scored image", extra={"ids": {**ids, "input_ms": round(1000 * (fetched - started)), "paint_ms": round(1000 * (done - fetched)), "variants": len(painted), "grown": round(chosen.grown, 3)}})
    return answer


def _problem(request: Request, status: int, code: str, text: str, retry_after: int = 0) -> JSONResponse:
    body = {"type": "about:blank", "title": text, "status": status, "code": code, "correlation_id": request.state.correlation_id}
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, media_type="application/problem+json")


class JSONLines(logging.Formatter):
    """Log lines as OPAL's other services write them."""

    def format(self, record: logging.LogRecord) -> str:
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        level = {"WARNING": "warn", "CRITICAL": "fatal"}.get(record.levelname, record.levelname.lower())
        line = {"level": level, "time": when, "message": record.getMessage(), "service": "scoring", **getattr(record, "ids", {})}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)
