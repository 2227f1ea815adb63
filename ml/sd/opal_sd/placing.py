"""Where the product goes, what the model may paint, and pasting it back.

Pictures are PIL images: cut-outs RGBA with straight alpha, scenes RGB.
"""

import io
import warnings
from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np
from PIL import Image, ImageFilter

from .contract import ScoreRequest
from .fault import invalid

MAX_PIXELS = 50_000_000
VISIBLE = 16
"""Alpha below this is matting noise."""

OPAQUE = 250
"""Alpha from which a pixel is the product's own and is not painted over."""

DEFAULT_FILL = 0.62
DEFAULT_FLOOR = 0.84
"""Share of the frame's side that a product takes, and the row it stands on, when
the request leaves both open."""

GRID = 8
"""The model works on sides that are multiples of this."""


def read_cutout(data: bytes) -> Image.Image:
    """Decode an input. Only PNG, WebP and JPEG, and no more than MAX_PIXELS, which
    is checked before pixels are decoded. Raises Fault."""
    bad = invalid("input_unreadable", "The input is no picture that can be read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            m = Image.open(io.BytesIO(data), formats=("PNG", "WEBP", "JPEG"))
            if m.width * m.height > MAX_PIXELS or getattr(m, "n_frames", 1) != 1:
                raise bad
            m.load()
            return m.convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError, MemoryError):
        raise bad from None


def bounds(cutout: Image.Image) -> Optional[Tuple[int, int, int, int]]:
    """The visible part as left, top, right, bottom; None when there is none."""
    return cutout.getchannel("A").point(lambda a: 255 if a >= VISIBLE else 0).getbbox()


def fit(size: Tuple[int, int], req: ScoreRequest) -> Tuple[int, int, int, int]:
    """Fit a product of a size into the request's box, or else on the default
    floor, without distortion. Returns x, y, width, height in whole pixels."""
    w, h = size
    if req.product_box:
        bx, by, bw, bh = req.product_box
        k = min(bw / w, bh / h)
        middle, floor = bx + bw / 2, by + bh
    else:
        fill = req.fill or DEFAULT_FILL
        k = min(fill * req.width / w, fill * req.height / h)
        middle, floor = req.width / 2, max(DEFAULT_FLOOR * req.height, (req.height + h * k) / 2)
    width, height = max(round(w * k), 1), max(round(h * k), 1)
    return round(middle - width / 2), round(floor) - height, width, height


@dataclass(frozen=True)
class Canvas:
    """What a model is given, at a size that it can work on, and what is needed to
    finish its picture. layer is the product alone, RGBA, the same size."""

    image: Image.Image  # RGB: the product on a neutral sweep
    mask: Image.Image  # L: 255 where the model paints
    layer: Optional[Image.Image]
    box: Optional[Tuple[int, int, int, int]]  # in the wanted picture's pixels
    size: Tuple[int, int]  # of the wanted picture


def prepare(cutout: Image.Image, req: ScoreRequest) -> Canvas:
    """Lay the product out and make the mask: all but the product is painted."""
    grid = (_up(req.width), _up(req.height))
    image = _sweep(grid)
    part = bounds(cutout)
    if part is None:
        return Canvas(image, Image.new("L", grid, 255), None, None, (req.width, req.height))
    product = cutout.crop(part)
    box = fit(product.size, req)
    layer = Image.new("RGBA", grid, (0, 0, 0, 0))
    scaled = _resize(product, (box[2], box[3]))
    layer.paste(scaled, (box[0], box[1]))
    image.paste(layer, (0, 0), layer)
    keep = layer.getchannel("A").point(lambda a: 255 if a >= OPAQUE else 0)
    mask = keep.point(lambda a: 255 - a)
    return Canvas(image, mask, layer, box, (req.width, req.height))


def finish(canvas: Canvas, painted: List[Image.Image]) -> Tuple[Image.Image, int]:
    """Take the variant that kept the product best, paste the product back over it
    and cut the picture to the wanted size. Returns it and the variant's index."""
    best = min(range(len(painted)), key=lambda i: _leak(canvas, painted[i]))
    out = painted[best].convert("RGB")
    if out.size != canvas.image.size:
        out = out.resize(canvas.image.size, Image.Resampling.LANCZOS)
    if canvas.layer is not None:
        out.paste(canvas.layer, (0, 0), canvas.layer)
    return out.crop((0, 0, *canvas.size)), best


def _leak(canvas: Canvas, painted: Image.Image) -> float:
    """Mean difference to the product inside its mask: a model that redrew the
    product there will have drawn around another shape too."""
    keep = np.asarray(canvas.mask.filter(ImageFilter.MaxFilter(5))) == 0
    if not keep.any():
        return 0.0
    if painted.size != canvas.image.size:
        painted = painted.resize(canvas.image.size, Image.Resampling.LANCZOS)
    a = np.asarray(painted.convert("RGB"), dtype=np.int16)[keep]
    b = np.asarray(canvas.image, dtype=np.int16)[keep]
    return float(np.abs(a - b).mean())


def _up(n: int) -> int:
    """The next multiple of GRID that the model can work on."""
    return max(-(-n // GRID) * GRID, 8 * GRID)


def _resize(m: Image.Image, size: Tuple[int, int]) -> Image.Image:
    """Scale RGBA premultiplied, so that no colour bleeds in from where nothing is."""
    if m.size == size:
        return m
    a = np.asarray(m, dtype=np.float32)
    alpha = a[..., 3:] / 255
    planes = [Image.fromarray(p).resize(size, Image.Resampling.LANCZOS) for p in (*np.moveaxis(a[..., :3] * alpha, 2, 0), alpha[..., 0] * 255)]
    out = np.stack([np.asarray(p) for p in planes], axis=2)
    alpha = np.clip(out[..., 3:], 0, 255)
    rgb = out[..., :3] * 255 / np.maximum(alpha, 1)
    return Image.fromarray(np.clip(np.concatenate([rgb, alpha], axis=2) + 0.5, 0, 255).astype(np.uint8), "RGBA")


def _sweep(size: Tuple[int, int]) -> Image.Image:
    """A neutral wall that meets its floor softly: a start that suggests a place
    to stand and no colour."""
    w, h = size
    y = np.linspace(0, 1, h, dtype=np.float32)[:, None]
    floor = 1 / (1 + np.exp(-(y - 0.66) * 30))
    level = 206 - 22 * y + 16 * floor
    return Image.fromarray(np.repeat(np.repeat(level, w, axis=1)[..., None], 3, axis=2).astype(np.uint8), "RGB")
