"""Chance, colours, noise, blur and textures: what objects and backdrops are drawn with.

Pictures are float32 arrays of height × width × channels, 0 to 1, blue first; masks are float32 of height × width.
"""
import cv2
import numpy as np

cv2.setNumThreads(1)
f32 = np.float32


class Draw:
    """A seeded source of chance and of what is drawn by it."""

    def __init__(self, seed):
        self.r = np.random.default_rng(seed)

    def u(self, a=0.0, b=1.0):
        """A number between a and b."""
        return float(self.r.uniform(a, b))

    def p(self, chance):
        """True with the given chance."""
        return self.r.random() < chance

    def n(self, a, b):
        """A whole number from a up to b, without b."""
        return int(self.r.integers(a, b))

    def pick(self, *choices):
        return choices[int(self.r.integers(len(choices)))]

    def color(self):
        """A colour as products have them: near white, near black, grey, leather and wood, or any."""
        k = self.r.random()
        if k < 0.24:
            c = np.full(3, self.u(0.75, 0.98)) + self.r.normal(0, 0.015, 3)
        elif k < 0.46:
            c = np.full(3, self.u(0.02, 0.2)) + self.r.normal(0, 0.015, 3)
        elif k < 0.62:
            c = np.full(3, self.u(0.2, 0.75)) + self.r.normal(0, 0.03, 3)
        elif k < 0.76:
            c = np.array([0.25, 0.45, 0.62]) * self.u(0.5, 1.5) + self.r.normal(0, 0.04, 3)
        else:
            c = self.r.uniform(0, 1, 3)
        return np.clip(c, 0.01, 1).astype(f32)

    def noise(self, h, w, scale):
        """Smooth noise of unit deviation at its knots, which are scale pixels apart."""
        n = self.r.standard_normal((max(2, int(h / scale) + 2), max(2, int(w / scale) + 2)), dtype=f32)
        return cv2.resize(n, (w, h), interpolation=cv2.INTER_CUBIC)

    def texture(self, h, w, color=None, strong=1.0):
        """One of fourteen materials around a colour: cloth, wood, stripes, checks, stone, planks, tiles, leaves, marble, print."""
        c = self.color() if color is None else color
        yy, xx = np.mgrid[0:h, 0:w].astype(f32) / max(h, w)
        a = self.u(0, 3.14)
        t, v = xx * np.cos(a) + yy * np.sin(a), -xx * np.sin(a) + yy * np.cos(a)
        k = self.n(0, 14)
        if k == 0:
            n = self.noise(h, w, 2) * 0.5 + self.noise(h, w, 8) * 0.6
        elif k in (1, 9):  # wood grain
            n = np.sin((v * self.u(12, 60) + 0.3 * self.noise(h, w, self.u(15, 60))) * 6.28) * 0.6
            n = n + cv2.resize(self.noise(h, max(4, w // 8), 2), (w, h)) * 0.6
        elif k == 2:  # weave
            q = self.u(25, 70)
            n = np.sin(t * q * 6.28) * np.sin(v * q * 6.28) + 0.4 * self.noise(h, w, 2)
        elif k == 3:
            n = np.sign(np.sin(t * self.u(4, 30) * 6.28)) * 0.8
        elif k == 4:
            n = np.sign(np.sin(t * self.u(3, 12) * 6.28)) * np.sign(np.sin(v * self.u(3, 12) * 6.28)) * 0.8
        elif k == 5:
            n = np.abs(self.noise(h, w, self.u(8, 50)) + 0.5 * self.noise(h, w, 6)) ** 0.5 * 2 - 1.4
        elif k == 6:
            n = sum((self.noise(h, w, q) * q ** 0.5 for q in (3, 12, 40, 90))) / 10
        elif k in (7, 10):  # planks: grain, a tone a plank, dark joints
            q = self.u(2, 8)
            joint = (np.abs(t * q % 1 - 0.5) > 0.5 - self.u(0.01, 0.04)).astype(f32)
            grain = np.sin((t * q * self.u(3, 9) + 0.25 * self.noise(h, w, self.u(15, 50))) * 6.28) * 0.25
            n = -joint * self.u(0.5, 2.5) + 0.4 * self.noise(h, w, 12) + grain + (np.floor(t * q).astype(int) * 7 % 5 - 2) * self.u(0.1, 0.4)
        elif k == 11:  # tiles and their joints
            q, s = self.u(2, 9), self.pick(1, 1, 2)
            joint = ((np.abs(t * q % 1 - 0.5) > 0.47) | (np.abs((v * q * s + (np.floor(t * q) % 2) * 0.5 * (s - 1)) % 1 - 0.5) > 0.47)).astype(f32)
            n = joint * self.u(-2, 2) + 0.2 * self.noise(h, w, 9)
        elif k == 12:  # marble veins
            n = -np.exp(-np.abs(self.noise(h, w, self.u(20, 70)) + 0.4 * self.noise(h, w, 9)) * self.u(4, 14)) * 1.6 + 0.2 * self.noise(h, w, 20)
        elif k == 13:  # knit, quilt: rows of bumps
            q = self.u(8, 30)
            n = np.abs(np.sin(t * q * 6.28)) + np.abs(np.sin(v * q * 3.14 + np.floor(t * q * 2) * 1.57)) - 1.2
        else:
            n = (self.noise(h, w, self.u(3, 9)) > 1).astype(f32) * 1.5
        strength = self.u(0.03, 0.16) * strong
        cast = self.r.normal(0, 1, 3) * 0.4 + 1
        return np.clip(c + (n * strength)[..., None] * cast.astype(f32), 0, 1).astype(f32)


def blur(m, sigma):
    """Gaussian blur; wide ones are made on a smaller picture."""
    if sigma < 0.3:
        return m
    if sigma < 4:
        return cv2.GaussianBlur(m, (0, 0), sigma)
    k = max(1, int(sigma / 2))
    h, w = m.shape[:2]
    q = cv2.resize(m, (max(2, w // k), max(2, h // k)), interpolation=cv2.INTER_AREA)
    # cubic: shading takes this picture's gradient, which a linear one keeps constant over blocks that no photograph has
    return cv2.resize(cv2.GaussianBlur(q, (0, 0), sigma / k), (w, h), interpolation=cv2.INTER_CUBIC)


def over(below, above):
    """Lays a picture with premultiplied coverage on an opaque one."""
    return below * (1 - above[..., 3:]) + above[..., :3]
