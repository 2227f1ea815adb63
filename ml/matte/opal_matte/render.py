"""Has Blender render views of the models, and packs the views for the compositor."""
import collections
import glob
import json
import os
import subprocess

import cv2
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
CRASHES = 2  # after so many a model is left out: Blender ends with some files


def render(models, out, views, size=320, samples=16, threads=1, seed=1, seconds=0, blender='blender'):
    """Renders until all views are there or the time is up. models: {"name", "file"} each. Returns the names that were left out."""
    os.makedirs(out, exist_ok=True)
    blamed = collections.Counter()
    left = list(models)
    while left:
        job = os.path.join(out, 'job.json')
        with open(job, 'w', encoding='utf-8') as f:
            json.dump(dict(views=views, size=size, samples=samples, threads=threads, seed=seed, seconds=seconds, models=left), f)
        now = os.path.join(out, 'now.txt')
        if os.path.exists(now):  # of a call before: its model is not to blame for this one
            os.remove(now)
        with open(os.path.join(out, 'blender.log'), 'a', encoding='utf-8') as log:
            code = subprocess.call([blender, '-b', '--factory-startup', '-P', os.path.join(HERE, 'render_blender.py'), '--', job, out], stdout=log, stderr=log)
        if code == 0:
            break
        if not os.path.exists(now):
            raise RuntimeError(f'{blender} ended with {code} before its first model: see {out}/blender.log')
        with open(now, encoding='utf-8') as f:
            name = f.read()
        blamed[name] += 1
        left = [m for m in left if blamed[m['name']] < CRASHES]
    return sorted(n for n, k in blamed.items() if k >= CRASHES)


def held_out(name):
    """True for about a tenth of the models: they are for validation only. Decided by the name, so it never changes."""
    return sum(name.encode()) % 10 == 0


def pack(folder, out, validation):
    """Writes OUT.rgba.npy (N × size × size × 4, premultiplied) and OUT.shadow.npy (N × size/2 × size/2) from views. Returns N."""
    rgba, shadow = [], []
    for f in sorted(glob.glob(os.path.join(folder, '*_shadow.png'))):
        base = f[:-len('_shadow.png')]
        if held_out(os.path.basename(base).rsplit('_', 1)[0]) != validation:
            continue
        a, s = cv2.imread(base + '_rgba.png', cv2.IMREAD_UNCHANGED), cv2.imread(f, cv2.IMREAD_UNCHANGED)
        if a is None or s is None or (a[..., 3] > 128).mean() < .01:  # a model without faces on this side
            continue
        middle = cv2.medianBlur(np.ascontiguousarray(a[..., 3]), 5)
        if ((middle > 25) & (middle < 230)).sum() > .3 * (middle > 25).sum():  # glass, whose coverage would not be 1
            continue
        a = a.astype(np.float32)
        a[..., :3] *= a[..., 3:] / 255
        rgba.append(np.clip(a + .5, 0, 255).astype(np.uint8))
        # Few samples leave grain in the shadow; on a picture of half the size a small blur takes it away.
        shadow.append(cv2.GaussianBlur(cv2.medianBlur(np.ascontiguousarray(s[..., 3]), 3), (0, 0), .8))
    if not rgba:
        raise RuntimeError(f'no views in {folder}')
    np.save(out + '.rgba.npy', np.stack(rgba))
    np.save(out + '.shadow.npy', np.stack(shadow))
    return len(rgba)
