"""Things that are drawn: families of products, each on a canvas of SIZE² with premultiplied coverage."""
import cv2
import numpy as np

from .draw import blur, f32, over

SIZE = 192
FINE = 2 * SIZE  # outlines are drawn twice as large and averaged
AA = cv2.LINE_AA
YY, XX = np.mgrid[0:SIZE, 0:SIZE].astype(f32) / SIZE


def px(*at):
    """Canvas coordinates, 0 to 1, as pixels of the fine mask."""
    return tuple(int(v * FINE) for v in at)


def mask(paint):
    m = np.zeros((FINE, FINE), np.uint8)
    paint(m)
    return cv2.resize(m, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(f32) / 255


def poly(points, rounded=0):
    def paint(m):
        cv2.fillPoly(m, [np.array([px(*q) for q in points])], 255, AA)
        if rounded:
            cv2.threshold(cv2.GaussianBlur(m, (0, 0), rounded * FINE), 120, 255, 0, m)
    return mask(paint)


def ellipse(x, y, a, b, thick=-1.0, turned=0.0, start=0, end=360):
    t = -1 if thick < 0 else max(1, int(thick * FINE))
    return mask(lambda m: cv2.ellipse(m, px(x, y), px(a, b), turned, start, end, 255, t, AA))


def rect(x, y, a, b, rounded=0.0):
    """A rectangle around x, y with half sides a and b."""
    return poly([(x - a, y - b), (x + a, y - b), (x + a, y + b), (x - a, y + b)], rounded)


def curve(points, thick):
    return mask(lambda m: cv2.polylines(m, [(points * FINE).astype(np.int32)], False, 255, max(2, int(thick * FINE)), AA))


class Thing:
    """One thing while it is drawn."""

    def __init__(self, d, sprite):
        self.d, self.sprite = d, sprite
        self.C = np.zeros((SIZE, SIZE, 4), f32)
        self.light = d.u(-3.1, 0)  # where the light comes from: above
        self.c0, self.c1 = d.color(), d.color()

    def part(self, m, color=None, soft=None):
        """Paints a part: colour or texture, shaded as if it rose towards its middle, perhaps glossy. soft is the width of its edge."""
        d = self.d
        c = d.color() if color is None else color
        F = d.texture(SIZE, SIZE, c, d.u(0.3, 1.2)) if d.p(0.45) else np.broadcast_to(c, (SIZE, SIZE, 3))
        if d.p(0.12):
            F = over(F, self.sprite())
        h = blur(m, d.u(4, 18) if soft is None else soft)
        gy, gx = cv2.Sobel(h, -1, 0, 1), cv2.Sobel(h, -1, 1, 0)
        lit = (gx * np.cos(self.light) + gy * np.sin(self.light)) * d.u(1.5, 7)
        F = F * np.clip(1 + lit * d.u(0.2, 0.8), 0.25, 1.7)[..., None]
        if d.p(0.4):
            F = F + (np.clip(lit - d.u(0.1, 0.5), 0, 1) * d.u(0.2, 1))[..., None]
        M = m[..., None]
        self.C[..., :3] = self.C[..., :3] * (1 - M) + np.clip(F, 0, 1) * M
        self.C[..., 3] = self.C[..., 3] * (1 - m) + m

    def line(self, a, b, thick, color=None):
        self.part(mask(lambda m: cv2.line(m, px(*a), px(*b), 255, max(1, int(thick * FINE)), AA)), color, 3)

    # ---- families

    def blob(self):
        d = self.d
        th = np.linspace(0, 6.28, 90, endpoint=False)
        r = .3 + sum(d.r.normal(0, .09 / q) * np.cos(q * th + d.u(0, 6.28)) for q in range(1, 8))
        ax = d.u(.6, 1.4)
        r = np.clip(r, .06, .48)
        self.part(poly(np.stack([.5 + r * np.cos(th) * min(1, ax), .5 + r * np.sin(th) * min(1, 1 / ax)], 1)), self.c0)

    def turned(self):
        """A body of rotation: bottle, vase, cup, lamp, jar; often with a handle, a label, highlights, an open rim."""
        d, c0 = self.d, self.c0
        n = d.n(3, 8)
        ky, kr = np.sort(np.r_[0, d.r.uniform(0, 1, n), 1]), d.r.uniform(.05, .34, n + 2)
        y = np.linspace(0, 1, SIZE)
        R = np.interp(y, ky, kr)
        if d.p(.6):
            R = cv2.GaussianBlur(R.astype(f32)[:, None], (0, 0), d.u(1, 12))[:, 0]
        if d.p(.4):
            R = np.full(SIZE, d.u(.15, .34)) * (1 + d.u(-.4, .4) * y)
        top, bottom, tilt = d.u(.04, .3), d.u(.75, .95), d.u(0, .16)
        Y = np.clip((YY - top) / (bottom - top), 0, 1)
        RR = np.interp(Y, y, R).astype(f32)
        U = (XX - .5) / RR
        dy = np.sqrt(np.clip(1 - U * U, 0, 1)) * RR * tilt
        if d.p(.35):
            self.part(ellipse(.5 + d.pick(-1, 1) * R[90] * .95, d.u(.45, .6), d.u(.08, .18), d.u(.1, .22), d.u(.02, .06)), c0)
        m = np.clip((1 - np.abs(U)) * RR * SIZE, 0, 1) * np.clip((YY - top + dy) * SIZE, 0, 1) * np.clip((bottom + dy - YY) * SIZE, 0, 1)
        F = d.texture(SIZE, SIZE, c0, .6) if d.p(.4) else np.broadcast_to(c0, (SIZE, SIZE, 3)).copy()
        for _ in range(d.n(0, 4)):
            a = d.u()
            band = (Y - tilt * dy > a) & (Y < a + d.u(.03, .4))
            F = np.where(band[..., None], d.color() if d.p(.7) else d.texture(SIZE, SIZE), F)
        if d.p(.3):
            F = F.copy()
            F[60:140, 56:136] = over(F[60:140, 56:136], cv2.resize(self.sprite(), (80, 80)))
        u = np.clip(U, -1, 1)
        F = F * (d.u(.35, .9) + d.u(.3, .8) * np.clip(np.sqrt(1 - u * u) * .6 + u * np.cos(self.light) * .6, 0, 1))[..., None]
        for _ in range(d.n(0, 3)):
            F = F + (np.exp(-((u - d.u(-.8, .8)) / d.u(.03, .15)) ** 2) * d.u(.1, .8))[..., None]
        M = m[..., None]
        self.C[..., :3] = self.C[..., :3] * (1 - M) + np.clip(F, 0, 1) * M
        self.C[..., 3] = np.maximum(self.C[..., 3], m)
        if tilt > .05 and d.p(.7):
            self.part(ellipse(.5, top, R[0], R[0] * tilt), c0 * d.u(.3, 1.1))

    def box(self):
        d, c0 = self.d, self.c0
        x, y, w, h, deep = d.u(.15, .4), d.u(.3, .45), d.u(.2, .4), d.u(.15, .5), d.u(.08, .25)
        e, t = d.u(-.05, .12), d.u(.03, .15)
        A, B, D, E = (x, y), (x + w, y + e), (x + w + deep, y + e - t), (x + deep, y - t)
        down = lambda q: (q[0], q[1] + h)
        self.part(poly([A, B, down(B), down(A)]), c0, 2)
        self.part(poly([B, D, down(D), down(B)]), c0 * d.u(.5, .9), 2)
        self.part(poly([A, B, D, E]), np.clip(c0 * d.u(1, 1.4), 0, 1), 2)
        if d.p(.5):
            l, r, a, b, e = x + w * .2, x + w * .8, y + h * .3, y + h * .7, e * .6
            self.part(poly([(l, a), (r, a + e), (r, b + e), (l, b)]), None, 2)

    def stool(self):
        """A stool, chair, table, tripod or lamp: legs, often a rung, sometimes a back, slatted or whole."""
        d, c0, c1 = self.d, self.c0, self.c1
        y, a, t = d.u(.25, .6), d.u(.15, .38), d.u(.012, .045)
        n, spread, foot = d.n(3, 5), d.u(-.1, .1), d.u(.85, .97)
        for i in range(n):
            q = -1 + 2 * i / (n - 1)
            self.line((.5 + q * a * .85, y), (.5 + q * (a + spread), foot - (.06 if i % 2 else 0)), t, c1)
        if d.p(.5):
            z = d.u(y + .1, .85)
            self.line((.5 - a * .85, z), (.5 + a * .85, z), t * .7, c1)
        back = d.r.random()
        if back < .3:
            side, tip = d.pick(-1, 1), d.u(.03, max(.05, y - .15))
            a *= side
            self.part(poly([(.5 + a, y), (.5 + a * 1.1, tip), (.5 + a * d.u(-.9, .9), tip + d.u(0, .05)), (.5 + a * d.u(-.9, .6), y)], .01), c0)
            a *= side
        elif back < .65:  # slats between two posts
            tip = d.u(.03, max(.05, y - .15))
            for s in (-1, 1):
                self.line((.5 + s * a * .8, y), (.5 + s * a * .85, tip), t, c1)
            k = d.n(1, 6)
            for i in range(k):
                if d.p(.5):
                    self.line((.5 - a * .8, tip + (y - tip) * (i + .3) / k), (.5 + a * .8, tip + (y - tip) * (i + .3) / k), t * .8, c1)
                else:
                    x = .5 + a * .8 * (-1 + 2 * (i + .5) / k)
                    self.line((x, y), (x, tip), t * .7, c1)
            self.line((.5 - a * .85, tip), (.5 + a * .85, tip), t * 1.5, c1)
        low = d.u(.02, .2)
        seat = ellipse(.5, y, a, d.u(.02, .09)) if d.p(.5) else poly([(.5 - a, y - .04), (.5 + a, y - .04), (.5 + a * 1.05, y + low), (.5 - a * 1.05, y + .05)], .01)
        self.part(seat, c0)

    def path(self, n, closed):
        d = self.d
        q = d.r.uniform(.1, .9, (n, 2))
        q = np.r_[q, q[:1]] if closed else q
        t = np.linspace(0, 1, 120)
        line = [np.interp(t, np.linspace(0, 1, len(q)), q[:, i]).astype(f32) for i in (0, 1)]
        soft = d.u(5, 12)
        return np.stack([cv2.GaussianBlur(v[:, None], (0, 0), soft)[:, 0] for v in line], 1)

    def strap(self):
        """A strap, cable, belt or rope, sometimes with an end piece."""
        d = self.d
        line = self.path(d.n(4, 8), d.p(.4))
        self.part(curve(line, d.u(.008, .06)), self.c0, 3)
        if d.p(.6):
            x, y = line[-1]
            self.part(ellipse(x, y, d.u(.03, .1), d.u(.03, .1)) if d.p(.5) else rect(x, y, .065, .045), self.c1)

    def garment(self):
        d, c0 = self.d, self.c0
        sleeve, w, n, b, hw = d.u(.02, .5), d.u(.18, .27), d.u(.05, .1), d.u(.7, .95), d.u(.07, .12)
        P = [(n, .12), (w, .15), (w + .2 * d.u(.6, 1), .15 + sleeve), (w + .2 - hw, .2 + sleeve), (w * .98, .34), (w * d.u(.9, 1.25), b), (0, b + d.u(0, .02))]
        m = poly([(.5 + x, y) for x, y in P] + [(.5 - x, y) for x, y in P[::-1]] + [(.5 - n * .6, .16), (.5 + n * .6, .16)], .008)
        self.part(m, c0)
        folds = np.sin((XX * d.u(5, 15) + .4 * d.noise(SIZE, SIZE, 40)) * 3) * .06
        folds = np.clip(1 + d.noise(SIZE, SIZE, 14) * .05 + d.noise(SIZE, SIZE, 40) * .08 + folds, .6, 1.3)
        self.C[..., :3] = np.clip(self.C[..., :3] * folds[..., None], 0, 1) * m[..., None]
        if d.p(.5):
            self.part(ellipse(.5, .13, n, .04) * m, c0 * .5)

    def shoe(self):
        d = self.d
        j = lambda a, q=.05: a + d.u(-q, q)
        heel = d.u(.18, .5)
        points = [(.06, j(.74, .02)), (.07, heel), (j(.2), heel - .02), (j(.3), j(.42)), (j(.52), j(.54)), (j(.8), j(.62)), (.94, j(.7)), (.95, .8), (.06, .8)]
        self.part(poly(points, .012), self.c0)
        z = d.u(.02, .09)
        self.part(poly([(.05, .76), (.95, .76), (.95, .77 + z), (.05, .77 + z)], .006), self.c1, 3)
        for i in range(d.n(0, 6)):
            self.line((.3 + .05 * i, .47 + .03 * i), (.4 + .04 * i, .44 + .04 * i), .012, self.c1)
        if d.p(.3):
            self.part(poly([(.15, .5), (.5, .6), (.45, .66), (.15, .62)], .01))

    def compound(self):
        d = self.d
        for _ in range(d.n(2, 7)):
            x, y, a, b = d.u(.25, .75), d.u(.25, .75), d.u(.04, .24), d.u(.04, .24)
            self.part(ellipse(x, y, a, b, -1, d.u(0, 180)) if d.p(.5) else rect(x, y, a, b, d.pick(0, .015)), d.pick(self.c0, self.c1, None))

    def plant(self):
        """Leaves, often in a pot; also brushes and fuzzy things."""
        d = self.d
        n, lw, ll, up = d.n(8, 60), d.u(.008, .06), d.u(.15, .4), d.p(.7)
        cy = .6 if up else .5
        g = np.array([d.u(.1, .35), d.u(.3, .7), d.u(.1, .45)], f32) if d.p(.7) else self.c0
        M, tone = np.zeros((FINE, FINE), np.uint8), np.zeros((FINE, FINE), np.uint8)
        for _ in range(n):
            a = d.u(-2.9, -.2) if up else d.u(0, 6.28)
            L = ll * d.u(.5, 1)
            at, half = px(.5 + d.u(-.05, .05) + L * .5 * np.cos(a), cy + L * .5 * np.sin(a)), px(L * .55, lw)
            cv2.ellipse(M, at, half, np.degrees(a), 0, 360, 255, -1, AA)
            cv2.ellipse(tone, at, half, np.degrees(a), 0, 360, int(d.u(110, 255)), -1, AA)
        small = lambda m: cv2.resize(m, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(f32) / 255
        self.C[..., :3], self.C[..., 3] = g * small(tone)[..., None], small(M)
        if up and d.p(.8):
            w, b, k = d.u(.1, .2), d.u(.8, .95), d.u(.6, 1.1)
            self.part(poly([(.5 - w, .58), (.5 + w, .58), (.5 + w * k, b), (.5 - w * k, b)], d.pick(0, .02)), self.c1)

    def rings(self):
        """Spectacles, bangles, two wheels with spokes and a frame."""
        d, c0, c1 = self.d, self.c0, self.c1
        a, t, apart, y = d.u(.1, .2), d.u(.008, .05), d.u(.1, .25), d.u(.45, .65)
        b = a * d.u(.6, 1)
        filled, spokes = d.p(.35), d.n(5, 16) if d.p(.4) else 0
        for q in (-1, 1):
            x = .5 + q * apart
            if filled:
                self.part(ellipse(x, y, a, b), c1)
            for i in range(spokes):
                th = 6.28 * i / spokes
                self.line((x, y), (x + a * np.cos(th), y + b * np.sin(th)), .006, c1)
            self.part(ellipse(x, y, a, b, t), c0, 3)
        self.line((.5 - apart + a * .8, y), (.5 + apart - a * .8, y), t, c0)
        if d.p(.5):
            self.line((.5 - apart, y), (.5, y - d.u(.15, .3)), t, c0)
            self.line((.5, y - .2), (.5 + apart, y), t, c0)
            self.line((.5 - apart * .6, y - .22), (.5 + apart * .5, y - .25), t, c0)

    def hoop(self):
        """A large ring, frame or handle with an opening, with something hanging from it."""
        d = self.d
        a, b, t = d.u(.15, .4), d.u(.15, .4), d.u(.01, .1)
        if d.p(.3):
            m = rect(.5, .5, a, b, d.pick(0, .03, .06)) - rect(.5, .5, max(.02, a - t), max(.02, b - t), d.pick(0, .03))
            self.part(np.clip(m, 0, 1), self.c0)
        else:
            self.part(ellipse(.5, .5, a, b, t, d.u(-40, 40), *d.pick((0, 360), (0, 360), (d.u(0, 180), d.u(200, 400)))), self.c0, 3)
        if d.p(.5):
            self.part(ellipse(.5, .5 + b, d.u(.03, .15), d.u(.03, .15)) if d.p(.5) else rect(.5, min(.85, .5 + b), d.u(.03, .15), d.u(.03, .12), .01), self.c1)

    def beads(self):
        """A necklace, bracelet or chain: beads along a line."""
        d = self.d
        closed = d.p(.6)
        if closed:
            th, a, b = np.linspace(0, 6.28, 120), d.u(.2, .42), d.u(.2, .42)
            line = np.stack([.5 + a * np.cos(th), .5 + b * np.sin(th)], 1)
        else:
            line = self.path(d.n(3, 6), False)
        self.part(curve(line, .008), self.c1, 3)
        n, size = d.n(8, 40), d.u(.008, .035)
        dots = lambda m: [cv2.circle(m, px(*line[int(i * 119 / n)]), max(1, int(size * FINE * d.u(.7, 1.3))), 255, -1, AA) for i in range(n)]
        self.part(mask(dots), self.c0, 2)

    def poles(self):
        """Long thin things: poles, cutlery, brushes, a stand."""
        d = self.d
        for i in range(d.n(1, 4)):
            x0, x1, t = d.u(.25, .75), d.u(.25, .75), d.u(.006, .03)
            self.line((x0, .05), (x1, .95), t, self.c1)
            if d.p(.7):
                self.line((x0, .05), (x0 + (x1 - x0) * .2, .23), t * d.u(1.5, 4), self.c0)
            if d.p(.4):
                x, y = x1, .95
                self.part(ellipse(x, y - .02, d.u(.02, .1), d.u(.01, .05)), self.c0)

    def device(self):
        """A slab with screen, buttons, a lens, perhaps straps."""
        d, c0, c1 = self.d, self.c0, self.c1
        w, h, r = d.u(.12, .4), d.u(.12, .4), d.u(.005, .06)
        if d.p(.3):
            z, q = d.u(.05, .25), w * d.u(.4, .8)
            for s in (-1, 1):
                self.part(rect(.5, .5 + s * (h + z / 2), q, z / 2 + .05, .01), c1)
        self.part(rect(.5, .5, w, h, r), c0, 4)
        if d.p(.6):
            self.part(rect(.5, .5 - h * d.u(0, .2), w * d.u(.5, .9), h * d.u(.4, .75), d.pick(0, .01)), d.pick(c1, np.full(3, .05, f32)), 2)
        for _ in range(d.n(0, 6)):
            a = d.u(.01, .06)
            self.part(ellipse(.5 + d.u(-w, w) * .7, .5 + d.u(-h, h) * .8, a, a), d.pick(c0 * .5, c1), 2)
        if d.p(.3):
            a = d.u(.05, min(w, h))
            for k in (1, .75, .45):
                self.part(ellipse(.5, .5, a * k, a * k), d.color() * .5, 3)

    def wheel(self):
        """A fan, clock, cage or wheel: a ring with spokes and a hub, perhaps on a stand."""
        d = self.d
        a, t, y = d.u(.2, .38), d.u(.01, .05), d.u(.38, .5)
        if d.p(.5):
            self.line((.5, y), (.5, .92), d.u(.02, .06), self.c1)
            self.part(ellipse(.5, .92, d.u(.1, .25), d.u(.02, .05)), self.c1)
        if d.p(.3):
            self.part(ellipse(.5, y, a, a), self.c1)
        n = d.n(3, 14)
        for i in range(n):
            th = 6.28 * i / n
            self.line((.5, y), (.5 + a * np.cos(th), y + a * np.sin(th)), d.u(.006, .03), self.c0)
        self.part(ellipse(.5, y, a, a, t), self.c0, 3)
        self.part(ellipse(.5, y, a * .2, a * .2), self.c1)

    def bag(self):
        """A bag or basket: body and handles, which are open inside."""
        d = self.d
        w, h, y = d.u(.2, .38), d.u(.15, .3), .62
        top = w * d.u(.5, 1.05)
        for _ in range(d.n(1, 3)):
            self.part(ellipse(.5 + d.u(-.05, .05), y - h, top * d.u(.3, .8), d.u(.05, .3), d.u(.012, .04)), self.c1, 3)
        self.part(poly([(.5 - top, y - h), (.5 + top, y - h), (.5 + w, y + h), (.5 - w, y + h)], d.pick(.004, .02, .04)), self.c0)
        if d.p(.6):
            z = d.u(.05, .3)
            a, b = top * .9, top * .7
            self.part(poly([(.5 - a, y - h), (.5 + a, y - h), (.5 + b, y - h + z), (.5 - b, y - h + z)], .02), d.pick(self.c0 * .8, self.c1))


    def padded(self):
        """A rucksack, helmet, cushion, armchair or case: one solid body with a smooth, shaded inside, with panels and seams that it keeps."""
        d, c0 = self.d, self.c0
        w, h, power, taper = d.u(.2, .38), d.u(.2, .4), d.u(1.6, 5), d.u(-.35, .35)
        th = np.linspace(0, 6.28, 120, endpoint=False)
        bulge = 1 + d.u(0, .06) * np.cos(d.n(2, 6) * th + d.u(0, 6.28))
        x = np.sign(np.cos(th)) * np.abs(np.cos(th)) ** (2 / power) * bulge
        y = np.sign(np.sin(th)) * np.abs(np.sin(th)) ** (2 / power) * bulge
        body = poly(np.stack([.5 + x * w * (1 + taper * y), .5 + y * h], 1), .006)
        for _ in range(d.n(0, 3)):  # ears, feet, a brim, pockets at the side
            self.part(ellipse(.5 + d.u(-w, w), .5 + d.u(-h, h), d.u(.04, .14), d.u(.03, .1), -1, d.u(0, 180)), c0 * d.u(.6, 1.1))
        self.part(body, c0, d.u(12, 40))
        a, b, r = d.u(-.3, .3), d.u(-.3, .3), d.u(.12, .4)
        glow = np.exp(-((XX - .5 - a) ** 2 + (YY - .5 - b) ** 2) / r ** 2) * d.u(.1, .7)
        F = self.C[..., :3] * (1 + glow[..., None] * d.pick(-1, 1, 1))
        self.C[..., :3] = np.minimum(np.clip(F, 0, 1), self.C[..., 3:])
        for _ in range(d.n(0, 5)):  # panels and pockets, close to the body's colour
            at, py, pw, ph = .5 + d.u(-.5, .5) * w, .5 + d.u(-.7, .7) * h, w * d.u(.2, .8), h * d.u(.1, .5)
            panel = (rect(at, py, pw, ph, d.pick(.01, .03)) if d.p(.7) else ellipse(at, py, pw, ph)) * body
            self.part(panel, d.pick(np.clip(c0 * d.u(.75, 1.25), 0, 1), c0, self.c1), d.u(2, 8))
        for _ in range(d.n(0, 4)):  # seams
            y0, sag = .5 + d.u(-.9, .9) * h, d.u(-.08, .08)
            t = np.linspace(-1, 1, 40)
            line = curve(np.stack([.5 + t * w, y0 + sag * (1 - t * t)], 1).astype(f32), d.u(.004, .012)) * body
            self.part(line, c0 * d.u(.5, .9), 1.5)


# Solid bodies are drawn twice as often as things with openings: where most things have openings, the network opens smooth insides.
SOLID = (Thing.blob, Thing.turned, Thing.turned, Thing.turned, Thing.box, Thing.box, Thing.garment, Thing.shoe, Thing.shoe, Thing.compound, Thing.device,
         Thing.device, Thing.padded, Thing.padded, Thing.padded)
OPEN = (Thing.stool, Thing.strap, Thing.plant, Thing.rings, Thing.hoop, Thing.beads, Thing.poles, Thing.wheel, Thing.bag)


def thing(d, sprite):
    """Draws one thing. sprite returns a picture to print on it. The canvas is premultiplied."""
    t = Thing(d, sprite)
    d.pick(*(SOLID if d.p(.67) else OPEN))(t)
    return t.C
