"""The compositor: endless product photographs with known coverage, made of parts whose licences are known.

A product is a render of a 3D model with its own shadow, a sprite, or a drawn thing. Things beside it, hands that hold it, plinths, floors,
shadows and reflections are in the picture and not in the coverage: they are what a cut-out has to leave out.
"""
import cv2
import numpy as np

from . import shapes
from .backdrop import backdrop
from .draw import Draw, blur, f32, over
from .limbs import limb

LOW = .012  # share of the picture that a product covers at least,
HIGH = .85  # and at most


class Compositor:
    """Makes pictures of size S² of Parts."""

    def __init__(self, parts, seed, S=192):
        read = lambda prefix: np.load(prefix + '.npy', mmap_mode='r')
        self.d = Draw(seed)
        self.S = S
        self.sprites, self.places = read(parts.sprites), read(parts.places)
        self.renders, self.shadows = read(parts.renders + '.rgba'), read(parts.renders + '.shadow')
        self.kind = ''  # of the last picture: its backdrop, "tone on tone" or "held"

    # ---- products

    def sprite(self):
        return np.asarray(self.sprites[self.d.n(0, len(self.sprites))]).astype(f32) / 255

    def flat(self):
        """A sprite or a drawn thing, as something that is not the product."""
        return self.sprite() if self.d.p(0.6) else shapes.thing(self.d, self.sprite)

    def rendered(self):
        i = self.d.n(0, len(self.renders))
        shadow = cv2.resize(np.asarray(self.shadows[i]).astype(f32) / 255, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        return np.asarray(self.renders[i]).astype(f32) / 255, shadow

    def product(self):
        """Returns premultiplied pixels and coverage, and the shadow that comes with them or None."""
        d, shadow = self.d, None
        k = d.r.random()
        if k < .4:
            C, shadow = self.rendered()
        elif k < .62:
            C = self.sprite()
        else:
            C = shapes.thing(d, self.sprite)
        n = C.shape[0]
        if shadow is None and d.p(0.12):  # of two parts
            D = self.flat()
            M = cv2.getRotationMatrix2D((96, 96), d.u(-180, 180), d.u(0.3, 0.7))
            M[:, 2] += d.r.uniform(-50, 50, 2)
            D = cv2.warpAffine(D, M, (n, n))
            C = C * (1 - D[..., 3:]) + D
        a = C[..., 3:]
        F = C[..., :3] / np.maximum(a, 0.02)
        if k < .62:  # other colours, so that the same model is another product
            q = d.r.random()
            g = F.mean(2, keepdims=True)
            if q < 0.25:
                F = g ** d.u(0.5, 2) * (d.color() * 0.9 + 0.15)
            elif q < 0.42:
                F = F[..., d.r.permutation(3)]
            elif q < 0.56:
                F = g + (F - g) * d.u(0, 0.6)
            elif q < 0.66:
                F = F @ np.clip(np.eye(3) + d.r.normal(0, 0.35, (3, 3)), -0.5, 1.5).astype(f32)
            if d.p(0.3):
                F = F * d.u(0.15, 1) if d.p(0.5) else 1 - (1 - F) * d.u(0.2, 1)
            if d.p(0.25):
                F = F * (1 + 0.25 * (d.texture(n, n, np.full(3, 0.5, f32)) - 0.5) * 4)
            if d.p(0.08):  # something printed on it
                F = over(F, cv2.resize(self.sprite(), (n, n)))
        if d.p(0.5):
            t = d.u(-3.14, 3.14)
            yy, xx = np.mgrid[0:n, 0:n].astype(f32) / n - .5
            F = F * (1 + d.u(0.1, 0.5) * (xx * np.cos(t) + yy * np.sin(t)) * 2)[..., None]
        return np.dstack([np.clip(F, 0, 1) * a, a]).astype(f32), shadow

    def place(self, C, scale, cx, cy, base=None, upright=False):
        """Returns the matrix that puts a product into the picture: its longer side is scale of the picture's, its middle at cx, cy, or its
        foot at base."""
        d, S, n = self.d, self.S, C.shape[0]
        if upright:
            th = np.radians(d.r.normal(0, 1.5))
        else:
            th = np.radians(d.r.normal(0, 8) if base is not None and d.p(0.85) else d.u(-180, 180))
        stretch = np.exp(d.r.normal(0, 0.06 if upright else 0.16))
        R = np.array([[np.cos(th), -np.sin(th)], [np.sin(th), np.cos(th)]]) @ np.array([[1, 0 if upright else d.r.normal(0, 0.1)], [0, 1]])
        R = np.diag([stretch, 1 / stretch]) @ R
        if d.p(0.5):
            R[:, 0] *= -1
        ys, xs = np.where(C[::4, ::4, 3] > 0.3)
        if len(ys) == 0:
            return None
        q = R @ np.stack([xs * 4.0 - n / 2, ys * 4.0 - n / 2])
        lo, hi = q.min(1), q.max(1)
        k = scale * S / max(hi - lo)
        R, lo, hi = R * k, lo * k, hi * k
        t = np.array([cx * S, cy * S]) - (lo + hi) / 2
        if base is not None:
            t[1] = base * S - hi[1]
        return np.c_[R, t - R @ [n / 2, n / 2]].astype(f32)

    def warp(self, C, M):
        return cv2.warpAffine(C, M, (self.S, self.S), flags=cv2.INTER_LINEAR)

    # ---- things that are not the product

    def bystander(self, B, at, tone):
        """Puts a thing at the frame's side, cut by it, or small in the background, with a shadow of its own."""
        d, S = self.d, self.S
        C = self.rendered()[0] if d.p(.4) else self.flat()
        side = d.pick(-1, 1)
        if d.p(.8):  # cut by the frame
            scale = d.u(.4, 1.1)
            cx = .5 + side * (.5 + scale * d.u(.12, .38))
            cy = d.u(.2, .9)
            base = None if at is None else min(1.2, d.u(at + .02, at + .3))
        else:
            scale, cx, cy = d.u(.1, .3), .5 + side * d.u(.25, .45), d.u(.1, .9)
            base = None if at is None else d.u(at, at + .08)
        M = self.place(C, scale, cx, cy, base, d.p(.7))
        if M is None:
            return B
        W = self.warp(C, M)
        if tone is not None:
            W[..., :3] = W[..., :3] * .4 + W[..., 3:] * .6 * tone
        shadow = cv2.warpAffine(W[..., 3], f32([[1, 0, d.u(-.03, .03) * S], [0, 1, d.u(0, .03) * S]]), (S, S))
        B = B * (1 - blur(shadow, d.u(1, 6)) * d.u(0, .5))[..., None]
        soft = d.pick(0, d.u(0, 3))
        W = blur(W, soft)
        return over(B, W).astype(f32)

    def plinth(self, B, x0, x1, y):
        """Draws a block, a disc or a board under the product, whose foot is at y from x0 to x1 (pixels)."""
        d, S = self.d, self.S
        w, h = (x1 - x0) * d.u(.55, 1.1), d.u(.03, .3) * S
        cx = (x0 + x1) / 2 + d.u(-.05, .05) * S
        deep = d.u(.01, .08) * S
        top, front = np.zeros((S, S), np.uint8), np.zeros((S, S), np.uint8)
        c = d.color() if d.p(.5) else np.clip(B[min(int(y), S - 1), int(np.clip(cx, 0, S - 1))] + d.r.normal(0, .06, 3).astype(f32), 0, 1)
        if d.p(.45):
            ax = (int(w / 2) + 2, max(1, int(deep)))
            cv2.ellipse(top, (int(cx), int(y - deep * .2)), ax, 0, 0, 360, 255, -1, cv2.LINE_AA)
            cv2.rectangle(front, (int(cx - w / 2) - 2, int(y - deep * .2)), (int(cx + w / 2) + 2, int(y + h)), 255, -1)
            cv2.ellipse(front, (int(cx), int(y + h)), ax, 0, 0, 360, 255, -1, cv2.LINE_AA)
        else:
            k = d.u(0, .15) * w
            p = [(cx - w / 2 + k, y - deep), (cx + w / 2 - k, y - deep), (cx + w / 2, y + deep * .5), (cx - w / 2, y + deep * .5)]
            cv2.fillPoly(top, [np.int32(p)], 255, cv2.LINE_AA)
            cv2.rectangle(front, (int(cx - w / 2), int(y + deep * .5)), (int(cx + w / 2), int(y + h)), 255, -1)
        F = d.texture(S, S, c, d.u(.2, .8)) if d.p(.5) else np.broadcast_to(c, (S, S, 3))
        shadow = cv2.warpAffine(np.maximum(front, top), f32([[1, d.u(-.3, .3), 0], [0, 1, 2]]), (S, S)).astype(f32) / 255
        B = B * (1 - blur(shadow, d.u(1, 5)) * d.u(.1, .5))[..., None]
        for m, light in ((front, d.u(.6, 1)), (top, d.u(.9, 1.15))):
            q = (m.astype(f32) / 255)[..., None]
            B = B * (1 - q) + np.clip(F * light, 0, 1) * q
        return B.astype(f32)

    # ---- one picture

    def arrange(self, at):
        """Returns the products' pixels (premultiplied, coverage last), and their own shadow or None, and how many they are; None when
        they cover too much or too little."""
        d, S = self.d, self.S
        n = d.pick(1, 1, 1, 1, 1, 1, 2, 3)
        cropped = d.p(0.13)
        scale = d.u(0.9, 1.5) if cropped else d.u(0.45, 0.98) if n == 1 else d.u(0.35, 0.6)
        if d.p(.08):
            scale *= .5
        base = None if at is None else min(d.u(max(at + 0.03, 0.55), 1.0), 0.985)
        C = shadow = None
        W, own = np.zeros((S, S, 4), f32), None
        for i in range(n):
            if C is None or not d.p(0.75):
                C, shadow = self.product()
            m = scale / 2 if not cropped else 0.3
            lo, hi = min(m, 0.5), max(1 - m, 0.5)
            cx = d.u(lo, hi) * 0.9 + 0.05 if n == 1 else (i + 0.5) / n + d.u(-0.08, 0.08)
            foot = None if base is None else d.u(base, base + 0.3) if cropped else base + (d.u(-0.04, 0.0) if n > 1 else 0)
            M = self.place(C, scale, cx, d.u(lo, hi), foot, shadow is not None and d.p(.85))
            if M is None:
                continue
            P = np.clip(self.warp(C, M), 0, 1)
            W = W * (1 - P[..., 3:]) + P
            if shadow is not None:
                s = self.warp(shadow, M)
                own = s if own is None else 1 - (1 - own) * (1 - s)
        if not LOW < W[..., 3].mean() < HIGH or not (W[..., 3] > .6).any():
            return None
        return W, own, n

    def toned(self, F, A, around):
        """Gives the product the backdrop's tone: white on white, black on black."""
        d = self.d
        f = F[A > .6]
        shift = d.u(0.015, 0.14) * d.pick(-1, 1)
        keep = d.u(0.2, 1)
        return np.clip((F - f.mean(0)) * keep + (around + shift + d.r.normal(0, 0.012, 3)).astype(f32), 0, 1)

    def cast(self, W, own, at):
        """Returns how much light the backdrop loses, 0 to 1, by shadows of several kinds."""
        d, S = self.d, self.S
        A = W[..., 3]
        S1 = S / 192
        ys, xs = np.where(A > .6)
        y1, x0, x1 = ys.max(), xs.min(), xs.max()
        low = ys > y1 - 0.06 * S
        l0, l1 = xs[low].min(), xs[low].max()
        lost = np.zeros((S, S), f32)

        def add(m, k):
            nonlocal lost
            lost = 1 - (1 - lost) * (1 - np.clip(m * k, 0, 1))

        def disc(cx, w, h):
            m = np.zeros((S, S), f32)
            cv2.ellipse(m, (int(cx), int(y1)), (int(w) + 1, max(1, int(h))), 0, 0, 360, 1, -1)
            return m

        if own is not None and d.p(.85):
            add(own, d.u(.4, 1.25))
            if d.p(.6):
                return lost
        light = d.pick(-1, 1) * d.u(0.1, 1.2)
        if at is not None:
            if d.p(0.7):  # contact
                add(blur(disc((l0 + l1) / 2, (l1 - l0) / 2 * d.u(0.9, 1.15), d.u(0.008, 0.04) * S), d.u(1, 3.5) * S1), d.u(0.3, 1))
            if d.p(0.5):  # soft
                half = (x1 - x0) / 2
                add(blur(disc((x0 + x1) / 2 + half * light * 0.3, half * d.u(0.9, 1.4), d.u(0.02, 0.09) * S), d.u(3, 9) * S1), d.u(0.15, 0.7))
            if d.p(0.55):  # cast over the floor, half of them with a hard edge
                v = d.u(0.12, 0.8) * d.pick(1, 1, 1, -0.6)
                m = cv2.warpAffine(A, f32([[1, -light * v, light * v * y1], [0, v, y1 * (1 - v)]]), (S, S))
                add(blur(m, (d.u(0, .8) if d.p(.5) else 10 ** d.u(-.1, 0.9)) * S1), d.u(0.15, 0.85))
        if at is None and d.p(0.85) or d.p(0.12):  # lying, or on a wall
            off = d.r.normal(0, 0.035, 2) * S * d.pick(1, 1, 2.5)
            m = cv2.warpAffine(A, f32([[1, 0, off[0]], [0, 1, off[1]]]), (S, S))
            add(blur(m, 10 ** d.u(-0.5, 1) * S1), d.u(0.1, 0.8))
            if d.p(0.5):
                add(blur(A, d.u(1, 4) * S1), d.u(0.1, 0.6))
        return lost

    def mirrored(self, B, W):
        """A floor that reflects."""
        d, S = self.d, self.S
        y1 = np.where(W[..., 3] > .6)[0].max()
        R = cv2.warpAffine(W, f32([[1, 0, 0], [0, -1, 2 * y1]]), (S, S))
        rows = np.arange(S, dtype=f32)[:, None, None]
        fade = np.clip(1 - (rows - y1) / (d.u(0.15, 1) * S * 0.5), 0, 1) * d.u(0.1, 0.55) * (rows >= y1 - 2)
        R = blur(R, d.u(0, 2.5))
        return B * (1 - R[..., 3:] * fade) + R[..., :3] * fade

    def glass(self, F, A, B):
        """Lets the backdrop through, but for a rim and highlights."""
        d = self.d
        t = d.u(0.15, 0.7)
        rim = np.clip(1 - cv2.distanceTransform((A > .5).astype(np.uint8), cv2.DIST_L2, 3) / d.u(2, 7), 0, 1)[..., None]
        through = cv2.GaussianBlur(B.astype(f32), (0, 0), 2)
        F = F * t + through * (1 - t) * d.u(.85, 1.05)
        F = F * (1 - rim * d.u(.1, .8)) + rim * d.pick(0.0, 1.0) * d.u(.3, 1)
        return np.clip(F, 0, 1)

    def camera(self, I, A):
        """Blur, bloom, white balance, exposure, grain and JPEG."""
        d = self.d
        if d.p(0.1):
            I = I + cv2.GaussianBlur(np.clip(I - 0.8, 0, 1).astype(f32), (0, 0), 6)
        b = d.u(0, 1.1) if d.p(0.6) else 0
        if b > 0.3:
            I, A = cv2.GaussianBlur(I.astype(f32), (0, 0), b), cv2.GaussianBlur(A, (0, 0), b)
        I = I * np.clip(1 + d.r.normal(0, 0.05, 3), 0.8, 1.2).astype(f32)
        I = np.clip(I, 0, 1) ** np.exp(d.r.normal(-.05, 0.16)) * d.u(0.84, 1.06)
        if d.p(0.7):
            I = I + d.r.standard_normal(I.shape, dtype=f32) * d.u(0.002, 0.03)
        I = np.clip(I * 255 + 0.5, 0, 255).astype(np.uint8)
        if d.p(0.5):
            I = cv2.imdecode(cv2.imencode('.jpg', I, [1, int(d.u(40, 96))])[1], 1)
        return I, np.clip(A * 255 + 0.5, 0, 255).astype(np.uint8)

    def sample(self):
        """Returns a picture (S × S × 3, blue first) and its coverage (S × S), both uint8."""
        d, S = self.d, self.S
        while True:
            B, at, kind = backdrop(d, S, self.flat, self.places)
            found = self.arrange(at)
            if found is not None:
                break
        W, own, n = found
        A = W[..., 3]
        outside = blur(A, 6) < 0.35
        around = B[outside].mean(0) if outside.any() else np.full(3, 0.5, f32)
        for _ in range(d.pick(1, 1, 2) if n == 1 and d.p(.25) else 0):
            B = self.bystander(B, at, around if d.p(.3) else None)
        if at is not None and d.p(.12):
            ys, xs = np.where(A > .6)
            low = xs[ys > ys.max() - 0.06 * S]
            if ys.max() < .97 * S:
                B = self.plinth(B, low.min(), low.max(), ys.max())
        self.kind = kind
        if n == 1 and d.p(.07):
            self.kind = 'held'
            skin, m, before = limb(d, S, A)
            B = (B * (1 - m[..., None]) + skin * m[..., None]).astype(f32)
            if (A * (1 - before)).mean() > LOW:
                W = W * (1 - before[..., None])
                A = W[..., 3]
        F = W[..., :3] / np.maximum(A, 0.02)[..., None]
        if d.p(0.26):
            self.kind = 'tone on tone'
            F = self.toned(F, A, around)
        else:
            f = F[A > .6]
            if np.abs(f.mean(0) - around).max() < 0.05 and f.std() < 0.05:  # never quite invisible
                F = np.clip(F * d.pick(0.55, 0.75, 1.3), 0, 1)
        if d.p(0.07):
            F = self.glass(F, A, B)
        AA = A[..., None]
        if at is not None and d.p(0.18):
            B = self.mirrored(B, np.dstack([F * AA, A]).astype(f32))
        lost = self.cast(W, own, at)
        tint = np.clip(1 + d.r.normal(0, 0.08, 3), 0.8, 1.2).astype(f32)
        B = B * np.clip(1 - np.clip(lost, 0, 0.95)[..., None] * tint, 0, 1)
        if d.p(0.1):
            B = blur(B.astype(f32), d.u(0.5, 3))
        return self.camera(F * AA + B * (1 - AA), A)


def sheet(compositor, rows=6, columns=16):
    """A sheet of samples with their coverage beneath them, to look at."""
    X = [compositor.sample() for _ in range(rows * columns)]
    pairs = [np.vstack([i, np.repeat(a[..., None], 3, 2)]) for i, a in X]
    return np.vstack([np.hstack(pairs[r:r + columns]) for r in range(0, len(pairs), columns)])
