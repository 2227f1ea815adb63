"""Persons' parts that hold or wear a product: an arm with a hand, or a leg. They are never the product."""
import cv2
import numpy as np

from .draw import blur, f32

SKIN = np.array([[.70, .78, .93], [.55, .68, .88], [.38, .50, .72], [.22, .31, .48], [.11, .15, .25]], f32)  # blue first


def skin(d):
    t = d.u(0, len(SKIN) - 1)
    i = min(int(t), len(SKIN) - 2)
    return np.clip(SKIN[i] + (SKIN[i + 1] - SKIN[i]) * (t - i) + d.r.normal(0, .02, 3), .02, 1).astype(f32)


def tapered(S, points, thick):
    """A line of S² pixels whose width goes from thick[0] to thick[1]."""
    m = np.zeros((S, S), np.uint8)
    widths = np.linspace(*thick, len(points))
    for (a, b, w) in zip(points[:-1], points[1:], widths):
        cv2.line(m, tuple(int(v) for v in a), tuple(int(v) for v in b), 255, max(1, int(w)), cv2.LINE_AA)
    return m.astype(f32) / 255


def shaded(d, m, c, light):
    """The pixels of a round part, lit from one side."""
    h = blur(m, max(1, m.sum() ** .5 / 6))
    lit = (cv2.Sobel(h, -1, 1, 0) * np.cos(light) + cv2.Sobel(h, -1, 0, 1) * np.sin(light)) * d.u(1, 4)
    return np.clip(c * np.clip(1 + lit, .4, 1.4)[..., None], 0, 1)


def limb(d, S, A):
    """Returns pixels (S × S × 3), where they lie behind or before the product (S × S), and where before it (S × S). A is the product's coverage."""
    ys, xs = np.where(A > .6)
    k = d.n(0, len(ys))
    middle = np.array([xs.mean(), ys.mean()])
    grip = np.array([xs[k], ys[k]]) * 1.
    out = grip - middle + d.r.normal(0, .12 * S, 2)
    out = out / max(1e-3, np.hypot(*out))
    for _ in range(2 * S):  # to the product's edge
        x, y = (grip + out).astype(int)
        if not (0 <= x < S and 0 <= y < S) or A[y, x] < .5:
            break
        grip = grip + out
    end = grip + out * 1.5 * S
    bend = (grip + end) / 2 + np.array([-out[1], out[0]]) * d.u(-.2, .2) * S
    t = np.linspace(0, 1, 40)[:, None]
    palm = grip - out * d.u(0, .5) * S * .1
    arm = (1 - t) ** 2 * palm + 2 * t * (1 - t) * bend + t ** 2 * end
    w = d.u(.07, .2) * S
    light, c = d.u(-3.1, 0), skin(d)
    bare = tapered(S, arm, (w, w * d.u(1.2, 2.2)))
    F = shaded(d, bare, c, light)
    if d.p(.5):  # a sleeve, a trouser leg
        first = d.n(6, 24)
        m = tapered(S, arm[first:], (w * d.u(1.2, 1.8), w * d.u(1.8, 2.6)))
        cloth = shaded(d, m, d.texture(S, S, d.color(), .6), light)
        F, bare = F * (1 - m[..., None]) + cloth * m[..., None], np.maximum(bare, m)
    before = np.zeros((S, S), f32)
    if d.p(.65):  # fingers around the product's edge
        side = np.array([-out[1], out[0]])
        fingers, reach = d.n(2, 5), d.u(.06, .2) * S
        for i in range(fingers):
            root = grip + side * (i - (fingers - 1) / 2) * w * .34 + out * w * .25
            tip = root - out * (reach * d.u(.8, 1.1) + w * .25) + side * d.r.normal(0, .02 * S)
            m = tapered(S, np.linspace(root, tip, 6), (w * .32, w * .24))
            F = F * (1 - m[..., None]) + shaded(d, m, c, light) * m[..., None]
            before = np.maximum(before, m)
    return F.astype(f32), np.maximum(bare, before), before
