"""Panoramas of real places as surroundings: one array of N × 256 × 512 × 3, linear light, blue first, and views into it."""
import os

os.environ['OPENCV_IO_ENABLE_OPENEXR'] = '1'  # read when OpenCV is loaded
import cv2  # noqa: E402
import numpy as np  # noqa: E402

from .draw import blur, f32  # noqa: E402

HELD_OUT = ('lobby', 'workshop')  # for validation only
MIDDLE = .18  # the light of a middle grey


def unpack(files, out, validation):
    """Writes OUT.npy from {name: bytes of an OpenEXR file}. Returns how many places were written."""
    found = []
    for name, data in sorted(files.items()):
        if (name in HELD_OUT) != validation:
            continue
        im = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if im is None:
            raise RuntimeError(f'this OpenCV reads no OpenEXR: {name}')
        im = np.clip(np.nan_to_num(im[..., :3].astype(f32), posinf=0), 0, 6e4)  # the sun may be beyond half floats
        found.append(cv2.resize(im, (512, 256), interpolation=cv2.INTER_AREA).astype(np.float16))
    if not found:
        raise RuntimeError('no places')
    np.save(out + '.npy', np.stack(found))
    return len(found)


def view(d, S, place):
    """What a camera sees in a place: S² pixels of any direction and lens, exposed as for a photograph and mostly out of focus."""
    place = np.asarray(place).astype(f32)
    h, w = place.shape[:2]
    yaw, pitch, half = d.u(-np.pi, np.pi), d.r.normal(-.12, .2), np.tan(np.radians(d.u(14, 40)))
    y, x = np.mgrid[0:S, 0:S].astype(f32) * (2 / S) - 1
    x, y, z = x * half, -y * half, np.ones_like(x)
    y, z = y * np.cos(pitch) + z * np.sin(pitch), z * np.cos(pitch) - y * np.sin(pitch)
    u = (np.arctan2(x, z) + yaw) / (2 * np.pi) % 1 * w
    v = (.5 - np.arctan2(y, np.hypot(x, z)) / np.pi) * h
    wrapped = np.hstack([place, place[:, :2]])
    P = cv2.remap(wrapped, u.astype(f32), np.clip(v, 0, h - 1).astype(f32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    P = P * (MIDDLE * 2 ** d.u(-.7, 1.4) / np.exp(np.log(P.mean(2) + 1e-3).mean()))
    P = blur(np.minimum(P, 20), d.u(.4, 5) * S / 192)  # before the tone curve: lights out of focus stay bright
    return np.clip(P / (1 + P * .6), 0, 1) ** (1 / 2.2)
