"""Unpacks the object-like renders of an emoji package into one array of N × 192 × 192 × 4, premultiplied, blue first."""
import os
import re

import cv2
import numpy as np

SIZE = 192


def wanted(name):
    """True for pictures of things. No flags, letters, signs, clock faces, skin tones; few faces."""
    points = [int(x, 16) for x in name.split('-')]
    base = points[0]
    if any(0x1f3fb <= c <= 0x1f3ff for c in points) or 0x20e3 in points:
        return False
    if 0x200d in points and base not in (0x1f408, 0x1f415, 0x1f43b, 0x1f426):  # joined persons; animals stay
        return False
    if (0x1f600 <= base <= 0x1f644 or 0x1f910 <= base <= 0x1f92f) and base % 3:  # a third of the faces
        return False
    signs = ((0x1f1e6, 0x1f1ff), (0x1f170, 0x1f2ff), (0x1f550, 0x1f567), (0x1f500, 0x1f53d), (0x1f648, 0x1f64f), (0x2648, 0x2653), (0x1f6ae, 0x1f6bc),
             (0x1f6c2, 0x1f6c5), (0, 0x2319))
    return not any(a <= base <= b for a, b in signs) and base not in (0x1f3f3, 0x1f3f4, 0x1f6a9, 0x2660, 0x267b, 0x267e, 0x2b06, 0x27a1)


def unpack(folder, out, validation):
    """Writes OUT.npy. A tenth of the sprites, chosen by name, is for validation only. Returns how many were written."""
    found = []
    for f in sorted(os.listdir(folder)):
        name = os.path.splitext(f)[0]
        if not re.fullmatch(r'[0-9a-f]+(-[0-9a-f]+)*', name) or not wanted(name) or (sum(name.encode()) % 10 == 0) != validation:
            continue
        im = read(os.path.join(folder, f))
        ys, xs = np.where(im[..., 3] > 8)
        if len(ys) < 400:
            continue
        im = im[ys.min():ys.max() + 1, xs.min():xs.max() + 1].astype(np.float32)
        im[..., :3] *= im[..., 3:] / 255
        h, w = im.shape[:2]
        k = (SIZE - 8) / max(h, w)
        im = cv2.resize(im, (max(1, round(w * k)), max(1, round(h * k))), interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR)
        canvas = np.zeros((SIZE, SIZE, 4), np.uint8)
        y, x = (SIZE - im.shape[0]) // 2, (SIZE - im.shape[1]) // 2
        canvas[y:y + im.shape[0], x:x + im.shape[1]] = np.clip(im + .5, 0, 255)
        found.append(canvas)
    if not found:
        raise RuntimeError(f'no sprites in {folder}')
    np.save(out + '.npy', np.stack(found))
    return len(found)


def read(path):
    """A picture with transparency, blue first."""
    from PIL import Image  # OpenCV does not read every WebP with transparency
    with Image.open(path) as im:
        return np.asarray(im.convert('RGBA'))[..., [2, 1, 0, 3]]
