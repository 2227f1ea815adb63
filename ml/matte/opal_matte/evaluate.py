"""Measures weights: on pictures of sprites and models that training never showed, and on photographs where a folder with their truth is given.

IoU is at half coverage. Photographs are for measuring alone.
"""
import os

import cv2
import numpy as np
import torch

from .compose import Compositor
from .net import MEAN, SPREAD
from .train import VALIDATION_SEED

SIDE = 288  # as modules/cutout/net has it


def coverage(net, picture, side=SIDE, mirror=True):
    """The coverage of a picture (blue first, any size), at the picture's size, made as the product makes it."""
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if max(picture.shape[:2]) > side else cv2.INTER_LINEAR)
    x = (torch.from_numpy(small.astype(np.float32)).permute(2, 0, 1)[None] / 255 - MEAN) / SPREAD
    with torch.no_grad():
        c = torch.sigmoid(net(x))[0, 0].numpy()
        if mirror:
            c = (c + torch.sigmoid(net(x.flip(3)))[0, 0].numpy()[:, ::-1]) / 2
    return cv2.resize(c, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def iou(a, b):
    a, b = a > .5, b > .5
    return (a & b).sum() / max(1, (a | b).sum())


def made(net, parts, count=240):
    """Returns {kind: figures} for made pictures, with "all"."""
    c = Compositor(parts, VALIDATION_SEED + 1, SIDE)
    found = {}
    for _ in range(count):
        picture, truth = c.sample()
        v = iou(coverage(net, picture), truth / 255)
        found.setdefault(c.kind, []).append(v)
        found.setdefault('all', []).append(v)
    return {k: figures(v) for k, v in sorted(found.items())}


def figures(v):
    v = np.array(v)
    mean, median = round(float(v.mean()), 4), round(float(np.median(v)), 4)
    return dict(pictures=len(v), mean=mean, median=median, over_9=int((v >= .9).sum()), over_95=int((v >= .95).sum()))


def photographs(net, photos, truths, names=None, most=1024):
    """Returns {name: IoU}. A truth is NAME.png, its transparency or, without that, its grey."""
    rows = {}
    for f in sorted(os.listdir(photos)):
        name = os.path.splitext(f)[0]
        truth = cv2.imread(os.path.join(truths, name + '.png'), cv2.IMREAD_UNCHANGED)
        picture = cv2.imread(os.path.join(photos, f))
        if truth is None or picture is None or names and name not in names:
            continue
        k = min(1, most / max(picture.shape[:2]))
        picture = cv2.resize(picture, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        t = truth[..., 3] if truth.ndim == 3 and truth.shape[2] == 4 else truth if truth.ndim == 2 else truth[..., 0]
        t = cv2.resize(t.astype(np.float32) / np.iinfo(t.dtype).max, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
        rows[name] = round(float(iou(coverage(net, picture), t)), 4)
    return rows
