"""Where the product goes, what the model may paint, and pasting it back.

Pictures are PIL images: cut-outs RGBA with straight alpha, scenes RGB.
"""

import io
import warnings
from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np
from PIL import Image

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

GRID = 16
"""Models work on sides that are multiples of this."""

GROWN = 0.35
"""Share of the outline along which a product may seem to go on: above it the
model drew a larger or a second one."""


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


def reference(canvas: Canvas) -> Optional[Image.Image]:
    """The product alone on white, cut to its box with a margin, for models that can
    be shown it. None where there is none."""
    if canvas.layer is None:
        return None
    part = canvas.layer.getchannel("A").getbbox()
    if part is None:
        return None
    margin = max((part[2] - part[0], part[3] - part[1])) // 10
    part = (max(part[0] - margin, 0), max(part[1] - margin, 0), min(part[2] + margin, canvas.layer.width), min(part[3] + margin, canvas.layer.height))
    product = canvas.layer.crop(part)
    out = Image.new("RGB", (_up(product.width), _up(product.height)), (255, 255, 255))
    out.paste(product, ((out.width - product.width) // 2, (out.height - product.height) // 2), product)
    return out


@dataclass(frozen=True)
class Finished:
    """The chosen variant: with the product pasted over it, and as it was painted.
    grown is how much of the outline the product seems to go on beyond."""

    picture: Image.Image
    scene: Image.Image
    index: int
    grown: float


def finish(canvas: Canvas, painted: List[Image.Image]) -> Finished:
    """Take the variant whose surroundings let the product end where it ends, and
    cut it to the wanted size, with and without the product pasted back."""
    fitted = [_fitted(canvas, m) for m in painted]
    scores = [grown(canvas, m) for m in fitted]
    best = min(range(len(fitted)), key=lambda i: scores[i])
    scene = fitted[best]
    picture = scene.copy()
    if canvas.layer is not None:
        picture.paste(canvas.layer, (0, 0), canvas.layer)
    frame = (0, 0, *canvas.size)
    return Finished(picture.crop(frame), scene.crop(frame), best, scores[best])


def _fitted(canvas: Canvas, painted: Image.Image) -> Image.Image:
    painted = painted.convert("RGB")
    return painted if painted.size == canvas.image.size else painted.resize(canvas.image.size, Image.Resampling.LANCZOS)


def grown(canvas: Canvas, painted: Image.Image) -> float:
    """How much of its outline the product goes on beyond, 0 to 1.

    Just outside the mask a scene differs from the product. Where it has the
    product's own colour there and another one farther out, the model made the
    product larger. Inside the mask nothing can be seen: a model keeps it. The lowest
    part is left out, where shadows and reflections begin."""
    keep = np.asarray(canvas.mask) == 0
    if not keep.any() or keep.all():
        return 0.0
    ys, xs = np.nonzero(keep)
    side = max(int(ys.max() - ys.min()), int(xs.max() - xs.min())) + 1
    step = max(side // 40, 2)
    picture = np.asarray(painted, dtype=np.float32)
    product = np.asarray(canvas.image, dtype=np.float32)
    inside = keep & ~_shrunk(keep, 2 * step)
    near = _widened(keep, 2 * step) & ~_widened(keep, step)
    near[ys.max() - side // 10 :] = False
    if not near.any():
        return 0.0
    like_product = np.abs(picture - _spread(product, inside, 3 * step)).mean(axis=2) < SAME
    unlike_scene = np.zeros_like(keep)
    for out in (8, 14):  # a little larger, or much
        far = _widened(keep, out * step) & ~_widened(keep, (out - 2) * step)
        if far.any():
            unlike_scene |= np.abs(picture - _spread(picture, far, out * step)).mean(axis=2) > 2 * SAME
    return float((like_product & unlike_scene)[near].mean())


SAME = 14.0
"""Mean difference of two colours, of 255, below which they are taken for one."""


def _widened(m: np.ndarray, by: int) -> np.ndarray:
    return _mean(m.astype(np.float32), by) > 0.5 / (2 * by + 1) ** 2


def _shrunk(m: np.ndarray, by: int) -> np.ndarray:
    return ~_widened(~m, by)


def _spread(picture: np.ndarray, where: np.ndarray, by: int) -> np.ndarray:
    """Colours of a region, carried on beyond it by an average over by pixels."""
    weight = np.maximum(_mean(where.astype(np.float32), by), 1e-6)
    return np.stack([_mean(picture[..., c] * where, by) / weight for c in range(3)], axis=2)


def _mean(plane: np.ndarray, by: int) -> np.ndarray:
    """The average over a square of 2 * by + 1 pixels around each."""
    size = 2 * by + 1
    sums = np.pad(np.pad(plane, by, mode="edge").astype(np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return ((sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]) / size**2).astype(np.float32)


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
