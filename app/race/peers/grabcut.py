"""grabcut.py PHOTOS RESULTS cuts products out by OpenCV's GrabCut at 800 pixels, seeded by a flood from the frame."""
import os
import sys

import cv2
import numpy as np

SIDE = 800


def cut(photo):
    """Returns the photo with coverage, as BGRA."""
    h, w = photo.shape[:2]
    k = SIDE / max(h, w)
    img = cv2.resize(photo, (round(w * k), round(h * k)), interpolation=cv2.INTER_AREA)
    H, W = img.shape[:2]
    flooded = np.zeros((H + 2, W + 2), np.uint8)
    for x, y in [(x, y) for x in range(0, W, 20) for y in (0, H - 1)] + [(x, y) for y in range(0, H, 20) for x in (0, W - 1)]:
        if not flooded[y + 1, x + 1]:
            cv2.floodFill(img, flooded, (x, y), 0, (4,) * 3, (4,) * 3, 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8))
    mask = np.where(flooded[1:-1, 1:-1] > 0, cv2.GC_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    if (mask == cv2.GC_PR_FGD).any() and (mask == cv2.GC_BGD).any():
        cv2.grabCut(img, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
    alpha = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
    return np.dstack([photo, cv2.resize(alpha, (w, h), interpolation=cv2.INTER_LINEAR)])


def main(photos, results):
    cv2.setNumThreads(1)
    for name in sorted(os.listdir(photos)):
        out = os.path.join(results, os.path.splitext(name)[0] + '.png')
        cv2.imwrite(out, cut(cv2.imread(os.path.join(photos, name))), [cv2.IMWRITE_PNG_COMPRESSION, 1])


if __name__ == '__main__':
    main(*sys.argv[1:])
