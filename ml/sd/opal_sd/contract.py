"""The body of POST /score, checked before anything is fetched for it."""

import json
import math
from dataclasses import dataclass
from typing import Optional, Tuple

from .fault import Fault, invalid
from .settings import MAX_SIDE

MAX_BODY = 1 << 20
DEFAULT_SIDE = 1024
MAX_SEED = 2**64 - 1
MAX_COORDINATE = 1 << 16
MAX_WORDS = 300
"""Longest title in characters that is read."""

MAX_COLOURS, MAX_COLOUR = 4, 32


@dataclass(frozen=True)
class ScoreRequest:
    """One picture to be made. Box is x, y, width, height in pixels."""

    tenant_id: str = ""
    job_id: str = ""
    item_id: str = ""
    input_image_sas: str = ""
    prompt: str = ""
    negative_prompt: str = ""
    scene: str = ""
    seed: int = 0
    width: int = DEFAULT_SIDE
    height: int = DEFAULT_SIDE
    product_box: Optional[Tuple[float, float, float, float]] = None
    fill: float = 0.0
    output_image_sas: str = ""
    backdrop_sas: str = ""
    title: str = ""
    palette: Tuple[str, ...] = ()
    light: str = ""


def parse(body: bytes) -> ScoreRequest:
    """Read a body. Unknown fields are ignored. Raises Fault."""
    if len(body) > MAX_BODY:
        raise Fault(413, "body_too_large", "The body is larger than 1 MB; pass pictures as URLs")
    try:
        v = json.loads(body)
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(v, dict):
        raise _malformed()

    def text(name: str) -> str:
        s = v.get(name)
        if s is None:
            return ""
        if not isinstance(s, str):
            raise _malformed()
        return s

    def integer(name: str, default: int) -> int:
        n = v.get(name)
        if n is None:
            return default
        if isinstance(n, bool) or not isinstance(n, int):
            raise _malformed()
        return n

    seed = integer("seed", 0)
    if not 0 <= seed <= MAX_SEED:
        raise _malformed()
    width, height = integer("width", 0) or DEFAULT_SIDE, integer("height", 0) or DEFAULT_SIDE
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise invalid("size_out_of_range", f"Width and height must be 1 to {MAX_SIDE} pixels")
    fill = v.get("fill") or 0
    if not _is_number(fill) or not 0 <= fill <= 1:
        raise invalid("invalid_fill", "fill must be between 0 and 1")
    return ScoreRequest(
        tenant_id=text("tenant_id"), job_id=text("job_id"), item_id=text("item_id"),
        input_image_sas=text("input_image_sas"), prompt=text("prompt"), negative_prompt=text("negative_prompt"),
        scene=text("scene"), seed=seed, width=width, height=height, product_box=_box(v.get("product_box")),
        fill=float(fill), output_image_sas=text("output_image_sas"), backdrop_sas=text("backdrop_sas"),
        title=text("title")[:MAX_WORDS], palette=_palette(v.get("palette")), light=text("light"),
    )


def _palette(v) -> Tuple[str, ...]:
    if v is None:
        return ()
    if not isinstance(v, list) or not all(isinstance(c, str) for c in v):
        raise _malformed()
    return tuple(c for c in v if len(c) <= MAX_COLOUR)[:MAX_COLOURS]


def _malformed() -> Fault:
    return Fault(400, "malformed_body", "The body must be one JSON object as the scoring contract has it")


def _is_number(n) -> bool:
    return isinstance(n, (int, float)) and not isinstance(n, bool) and math.isfinite(n)


def _box(v) -> Optional[Tuple[float, float, float, float]]:
    if not v:
        return None
    good = isinstance(v, list) and len(v) == 4 and all(_is_number(n) and abs(n) <= MAX_COORDINATE for n in v)
    if not good or v[2] <= 0 or v[3] <= 0:
        raise invalid("invalid_product_box", "product_box must be [x, y, width, height] in pixels with a positive size")
    return (float(v[0]), float(v[1]), float(v[2]), float(v[3]))
