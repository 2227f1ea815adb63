"""Backdrops: what a product stands before or lies on."""
import cv2
import numpy as np

from .draw import blur, f32, over
from .places import view


def plane(d, S, horizon, T):
    """Lays a texture as a floor that runs to the horizon, in perspective."""
    i = d.u(0.1, 0.4) * S
    corners = f32([[0, 0], [S, 0], [S, S], [0, S]])
    to = f32([[0, horizon * S - 9], [S, horizon * S - 9], [S + 3 * i, S], [-3 * i, S]])
    return cv2.warpPerspective(T, cv2.getPerspectiveTransform(corners, to), (S, S), borderMode=cv2.BORDER_REFLECT)


def tint(d):
    """A backdrop's colour: mostly light and hardly coloured, as photographers choose it, else any."""
    k = d.r.random()
    if k < .45:
        return np.clip(d.u(.62, .98) + d.r.normal(0, 0.02, 3), 0, 1).astype(f32)
    if k < .6:  # pastel
        return np.clip(d.u(.55, .95) + d.r.uniform(-.25, .05, 3), 0.05, 1).astype(f32)
    return d.color()


def white(d, S, xx, yy):
    """A white or very light studio, as shops use it."""
    B = np.ones((S, S, 3), f32) * d.u(0.9, 1.0) + (d.r.normal(0, 0.012, 3).astype(f32) if d.p(.5) else 0)
    return B, d.pick(None, 0.6)


def plain(d, S, xx, yy):
    """One colour or a gradient."""
    c = tint(d)
    a = d.u(0, 6.28)
    g = (xx - 0.5) * np.cos(a) + (yy - 0.5) * np.sin(a)
    return c * (1 + d.pick(0, 1) * d.u(0.1, 0.7) * g[..., None]), d.pick(None, 0.6)


def sweep(d, S, xx, yy):
    """Paper that runs from wall to floor, with a soft or hard horizon."""
    c = tint(d)
    floor = c * d.u(0.6, 1.25) + d.r.normal(0, 0.02, 3)
    at = d.u(0.35, 0.85)
    hard = 10 ** d.u(0.7, 2.3)
    z = 1 / (1 + np.exp(-np.clip((yy - at + d.u(-0.12, 0.12) * (xx - 0.5)) * hard, -30, 30)))
    return c * (1 - z[..., None]) + floor * z[..., None], at


def table(d, S, xx, yy):
    """A wall and a table's or a floor's edge."""
    at = d.u(0.35, 0.88)
    one = np.ones((S, S, 3), f32)
    W = d.texture(S, S, tint(d), d.u(0.2, 1)) if d.p(0.5) else one * tint(d)
    T = d.texture(S, S, None, 1) if d.p(0.75) else one * d.color()
    if d.p(0.7):
        T = plane(d, S, at, T)
    z = np.clip((yy - at + d.u(-0.1, 0.1) * (xx - 0.5)) * S / d.u(1, 6), 0, 1)[..., None]
    B = blur(W, d.u(0, 3)) * (1 - z) + T * z * (1 + d.u(-0.3, 0.3) * (yy - at))[..., None]
    if d.p(0.3):
        B = B * (1 - 0.4 * (np.abs(yy - at) < d.u(0.01, 0.04))[..., None])
    return B, at


def room(d, S, xx, yy):
    """Walls, door, frames, skirting board, floor."""
    B = np.ones((S, S, 3), f32) * tint(d)
    at = d.u(0.5, 0.9)
    z = (xx > d.u(0.2, 0.8) + d.u(-0.1, 0.1) * yy)[..., None]
    B = np.where(z, B * d.u(0.7, 0.95), B)
    for _ in range(d.n(0, 5)):
        x, y, w, h = d.u(), d.u(0, at), d.u(0.1, 0.4), d.u(0.1, 0.5)
        q = ((np.abs(xx - x) < w / 2) & (np.abs(yy - y) < h / 2))[..., None]
        B = np.where(q, d.color() if d.p(0.5) else B * d.u(0.7, 1.2), B)
    T = d.texture(S, S)
    if d.p(0.6):
        T = plane(d, S, at, T)
    if d.p(0.5):
        B = np.where((np.abs(yy - at) < d.u(0.01, 0.05))[..., None], d.color(), B)
    return blur(np.where((yy > at)[..., None], T, B).astype(f32), d.u(0, 4)), at


def surface(d, S, xx, yy):
    """Wood, tiles, cloth, stone from above, mostly in focus."""
    B = d.texture(S, S, None, d.u(0.5, 1.8))
    if d.p(0.25):
        B = plane(d, S, d.u(-.6, .1), B)
    return blur(B, d.pick(0, 0, d.u(0, 2.5))), d.pick(None, None, 0.6)


def clutter(d, S, xx, yy, objects):
    """Things out of focus."""
    B = d.texture(S, S) if d.p(0.5) else np.ones((S, S, 3), f32) * d.color()
    for _ in range(d.n(3, 14)):
        D = objects()
        n = D.shape[0]
        M = cv2.getRotationMatrix2D((n / 2, n / 2), d.u(-30, 30), d.u(0.25, 1.3) * S / n)
        M[:, 2] += d.r.uniform(-0.1, 1.1, 2) * S - n / 2
        B = over(B, cv2.warpAffine(D, M, (S, S)))
    B = blur(B.astype(f32), d.u(2, 9) * S / 192) * d.u(0.5, 1.1)
    if d.p(0.5):
        at = d.u(0.55, 0.85)
        T = d.texture(S, S)
        T = blur(plane(d, S, at, T) if d.p(.5) else T, d.u(0, 2))
        z = np.clip((yy - at) * S / d.u(1, 8), 0, 1)[..., None]
        return B * (1 - z) + T * z, at
    return B, None


def place(d, S, xx, yy, places):
    """A real place behind a table, a ledge, or the place alone."""
    B = view(d, S, places[d.n(0, len(places))])
    if d.p(.25):
        return B, d.u(.5, .8)
    at = d.u(.5, .85)
    T = plane(d, S, at, d.texture(S, S, None, d.u(.2, 1))) if d.p(.8) else np.ones((S, S, 3), f32) * tint(d)
    light = B[int(at * S) - 2 - S // 16:int(at * S) - 1].mean((0, 1))  # the table stands in the place's light
    T = T * (1 - d.u(0, .6) + d.u(0, .6) * light / max(.05, light.max()))
    z = np.clip((yy - at) * S / d.u(1, 5), 0, 1)[..., None]
    return B * (1 - z) + T * z, at


KINDS = ((white, .2), (plain, .17), (sweep, .22), (table, .14), (room, .04), (surface, .12), (clutter, .05), (place, .06))


def backdrop(d, S, objects, places):
    """Returns a backdrop of S² pixels, its horizon, 0 to 1 from above, or None when it is seen from above, and its kind.

    objects returns things for cluttered backdrops; places is an array as places.py writes it."""
    yy, xx = np.mgrid[0:S, 0:S].astype(f32) / S
    k = d.r.random()
    for kind, share in KINDS:
        k -= share
        if k < 0:
            break
    more = {clutter: (objects,), place: (places,)}
    B, at = kind(d, S, xx, yy, *more.get(kind, ()))
    if d.p(0.5):  # vignette or a pool of light
        cx, cy = d.u(0.2, 0.8), d.u(0.2, 0.8)
        B = B * (1 - d.u(0.1, 0.8) * ((xx - cx) ** 2 + (yy - cy) ** 2))[..., None]
    if d.p(0.15):
        B = B * (1 + d.u(0.02, 0.12) * d.noise(S, S, S / d.u(1.5, 4)))[..., None]
    if d.p(0.08):  # window blinds
        q = (xx + d.u(-0.8, 0.8) * yy) * d.u(2, 5) % 1
        B = B * (1 - d.u(0.1, 0.4) * blur((q > 0.5).astype(f32), d.u(0.5, 5)))[..., None]
    return np.clip(B, 0, 1).astype(f32), at, kind.__name__
