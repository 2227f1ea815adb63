"""Canvas, mask and pasting."""

import io
import struct
import zlib

import numpy as np
import pytest
from conftest import PaintingEngine, mug, png
from opal_sd import placing
from opal_sd.contract import ScoreRequest
from opal_sd.engine import PaintJob
from opal_sd.fault import Fault
from opal_sd.words import Wording
from PIL import Image


def cutout():
    return placing.read_cutout(mug())


def paint(canvas, variants=1, **engine):
    return PaintingEngine(**engine).paint(PaintJob(canvas.image, canvas.mask, Wording(), 1, variants))


def test_mask_is_the_inverse_of_the_product():
    canvas = placing.prepare(cutout(), ScoreRequest(width=256, height=192))
    alpha, mask = np.asarray(canvas.layer.getchannel("A")), np.asarray(canvas.mask)
    assert set(np.unique(mask)) == {0, 255}
    assert ((mask == 0) == (alpha >= placing.OPAQUE)).all()
    x, y, w, h = canvas.box
    ys, xs = np.nonzero(alpha >= placing.VISIBLE)
    assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == (x, y, x + w, y + h)


@pytest.mark.parametrize("w,h", [(64, 64), (100, 60), (1, 1), (333, 127)])
def test_sizes_are_what_was_asked_for(w, h):
    canvas = placing.prepare(cutout(), ScoreRequest(width=w, height=h))
    assert canvas.image.width % placing.GRID == 0 and canvas.image.height % placing.GRID == 0
    assert canvas.mask.size == canvas.image.size
    assert placing.finish(canvas, paint(canvas)).picture.size == (w, h)


def test_product_comes_back_unchanged():
    canvas = placing.prepare(cutout(), ScoreRequest(width=256, height=256))
    out = placing.finish(canvas, paint(canvas)).picture
    keep = np.asarray(canvas.layer)[..., 3] == 255
    assert keep.sum() > 1000
    assert (np.asarray(out)[keep] == np.asarray(canvas.layer)[..., :3][keep]).all()
    assert (np.asarray(out)[0, 0] == (40, 90, 160)).all(), "the model's paint is gone"


def test_glass_shows_what_was_painted_behind_it():
    """A half transparent part is painted behind, and the photo's own pixels lie over it."""
    glass = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    glass.paste((200, 100, 0, 128), (8, 8, 56, 56))
    canvas = placing.prepare(placing.read_cutout(png(glass)), ScoreRequest(width=128, height=128))
    x, y, w, h = canvas.box
    middle = (x + w // 2, y + h // 2)
    assert canvas.mask.getpixel(middle) == 255, "the model does not paint behind the glass"
    got = placing.finish(canvas, paint(canvas)).picture.getpixel(middle)
    share = 128 / 255
    want = [round(p * share + b * (1 - share)) for p, b in zip((200, 100, 0), (40, 90, 160))]
    assert all(abs(a - b) <= 2 for a, b in zip(got, want)), (got, want)


@pytest.mark.parametrize("drift", [8, 14, 25])
def test_the_variant_that_let_the_product_end_is_taken(drift):
    canvas = placing.prepare(cutout(), ScoreRequest(width=256, height=256))
    done = placing.finish(canvas, paint(canvas, variants=3, drift=drift))
    assert done.index == 2 and done.grown < 0.05


@pytest.mark.parametrize("drift", [8, 14, 25])
def test_a_product_that_grew_is_found(drift):
    canvas = placing.prepare(cutout(), ScoreRequest(width=256, height=256))
    assert placing.finish(canvas, paint(canvas, drift=drift, always=True)).grown > placing.GROWN


@pytest.mark.parametrize("colour", [(40, 90, 160), (250, 250, 250), (168, 62, 41)])
def test_a_scene_is_not_taken_for_the_product(colour):
    """Not even one in the product's own colour, where nothing can be told."""
    canvas = placing.prepare(cutout(), ScoreRequest(width=256, height=256))
    scene = Image.new("RGB", canvas.image.size, colour)
    scene.paste(canvas.layer, (0, 0), canvas.layer)
    assert placing.grown(canvas, scene) < 0.05


def test_the_scene_comes_back_as_it_was_painted():
    canvas = placing.prepare(cutout(), ScoreRequest(width=256, height=256))
    painted = paint(canvas, drift=14, always=True)
    done = placing.finish(canvas, painted)
    assert (np.asarray(done.scene) == np.asarray(painted[0])).all() and not (np.asarray(done.picture) == np.asarray(painted[0])).all()


def test_reference_shows_the_product_on_white():
    m = placing.reference(placing.prepare(cutout(), ScoreRequest(width=256, height=256)))
    assert m.width % placing.GRID == 0 and m.height % placing.GRID == 0 and m.getpixel((0, 0)) == (255, 255, 255)
    assert np.asarray(m)[m.height // 2, m.width // 2].tolist() != [255, 255, 255]
    assert placing.reference(placing.prepare(Image.new("RGBA", (5, 5)), ScoreRequest(width=64, height=64))) is None


def test_box_is_uniform_and_stands_on_its_floor():
    r = ScoreRequest(width=400, height=400, product_box=(20.0, 40.0, 100.0, 120.0))
    x, y, w, h = placing.fit((300, 600), r)
    assert (w, h) == (60, 120) and y + h == 160 and x + w / 2 == 70
    x, y, w, h = placing.fit((600, 300), r)
    assert (w, h) == (100, 50) and y + h == 160
    _, y, w, h = placing.fit((100, 100), ScoreRequest(width=200, height=400, fill=0.5))
    assert (w, h) == (100, 100) and 300 < y + h <= 400


def test_transparent_input_paints_everything():
    canvas = placing.prepare(Image.new("RGBA", (50, 50), (9, 9, 9, 0)), ScoreRequest(width=64, height=64))
    assert canvas.box is None and canvas.mask.getextrema() == (255, 255)
    assert placing.finish(canvas, paint(canvas, variants=2)).picture.size == (64, 64)


def test_no_dark_fringe_when_scaling():
    m = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    m.paste((240, 230, 220, 255), (50, 50, 150, 150))
    small = np.asarray(placing._resize(m, (37, 37)))
    edge = (small[..., 3] > 40) & (small[..., 3] < 250)
    assert edge.any() and small[edge][:, :3].min() > 190


@pytest.mark.parametrize("name", ["empty", "text", "truncated", "gif", "bomb", "animated"])
def test_inputs_that_are_refused(name):
    gif, frames = io.BytesIO(), io.BytesIO()
    Image.new("P", (5, 5)).save(gif, "GIF")
    Image.new("RGB", (5, 5)).save(frames, "WEBP", save_all=True, append_images=[Image.new("RGB", (5, 5), "red")])

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 1, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    data = {"empty": b"", "text": b"hello", "truncated": mug()[:400], "gif": gif.getvalue(), "bomb": bomb, "animated": frames.getvalue()}[name]
    with pytest.raises(Fault) as e:
        placing.read_cutout(data)
    assert e.value.code == "input_unreadable"


def test_other_modes_are_read():
    for mode in ("L", "LA", "P", "RGB", "1"):
        assert placing.read_cutout(png(Image.new(mode, (4, 3)))).mode == "RGBA"
