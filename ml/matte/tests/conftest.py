import os
import sys

import numpy as np
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))


@pytest.fixture(scope='session')
def parts(tmp_path_factory):
    """Two sprites, two views and a place that the tests draw."""
    from opal_matte.parts import Parts
    folder = tmp_path_factory.mktemp('parts')
    yy, xx = np.mgrid[0:192, 0:192]
    sprites = np.zeros((2, 192, 192, 4), np.uint8)
    sprites[0][(xx - 96) ** 2 + (yy - 96) ** 2 < 80 ** 2] = (40, 80, 200, 255)
    sprites[1][(abs(xx - 96) < 60) & (abs(yy - 96) < 85)] = (200, 60, 30, 255)
    np.save(folder / 'sprites.npy', sprites)
    yy, xx = np.mgrid[0:320, 0:320]
    views = np.zeros((2, 320, 320, 4), np.uint8)
    views[0][(abs(xx - 160) < 70) & (abs(yy - 160) < 90)] = (90, 90, 90, 255)
    views[1][(abs(xx - 160) < 90) & (abs(yy - 160) < 50)] = (20, 160, 90, 255)
    shadows = np.zeros((2, 160, 160), np.uint8)
    shadows[:, 110:130, 60:150] = 140
    np.save(folder / 'renders.rgba.npy', views)
    np.save(folder / 'renders.shadow.npy', shadows)
    place = np.tile(np.linspace(2, .05, 256)[:, None, None], (1, 512, 3))
    place[90:130, 100:180] = 6  # a window
    np.save(folder / 'places.npy', place[None].astype(np.float16))
    return Parts(*(str(folder / name) for name in Parts._fields))
