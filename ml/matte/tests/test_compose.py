import numpy as np
import pytest

from opal_matte import shapes
from opal_matte.backdrop import KINDS, backdrop
from opal_matte.compose import HIGH, LOW, Compositor
from opal_matte.draw import Draw
from opal_matte.limbs import limb
from opal_matte.places import view


def test_the_same_seed_makes_the_same_pictures(parts):
    a, b, other = (Compositor(parts, seed, 64) for seed in (3, 3, 4))
    for _ in range(4):
        for x, y in zip(a.sample(), b.sample()):
            assert np.array_equal(x, y)
    assert not np.array_equal(a.sample()[0], other.sample()[0])


def test_pictures_and_coverage_are_what_training_takes(parts):
    c = Compositor(parts, 1, 96)
    kinds = set()
    for _ in range(40):
        picture, coverage = c.sample()
        assert picture.shape == (96, 96, 3) and coverage.shape == (96, 96) and picture.dtype == coverage.dtype == np.uint8
        assert LOW * .5 < coverage.mean() / 255 < HIGH + .05
        kinds.add(c.kind)
    assert len(kinds) >= 5, kinds


@pytest.mark.parametrize('family', sorted(set(shapes.SOLID + shapes.OPEN), key=lambda f: f.__name__), ids=lambda f: f.__name__)
def test_each_family_draws_something(family, parts):
    for seed in range(3):
        d = Draw(seed)
        t = shapes.Thing(d, lambda: np.zeros((192, 192, 4), np.float32))
        family(t)
        a = t.C[..., 3]
        assert .003 < a.mean() < .95 and a.max() > .9
        assert np.isfinite(t.C).all() and t.C.min() >= -1e-3 and a.max() <= 1.001
        assert (t.C[..., :3] <= a[..., None] + 1e-3).all(), 'not premultiplied'


@pytest.mark.parametrize('kind', [k for k, _ in KINDS], ids=lambda k: k.__name__)
def test_backdrops(kind, parts):
    found, places = False, np.load(parts.places + '.npy')
    for seed in range(200):
        B, at, name = backdrop(Draw(seed), 48, lambda: np.zeros((192, 192, 4), np.float32), places)
        assert B.shape == (48, 48, 3) and B.dtype == np.float32 and 0 <= B.min() and B.max() <= 1
        assert at is None or 0 < at < 1
        found = found or name == kind.__name__
        if found:
            return
    assert found


def test_what_stands_beside_the_product_is_not_in_the_coverage(parts):
    c = Compositor(parts, 2, 96)
    B = np.full((96, 96, 3), .8, np.float32)
    changed = c.bystander(B, .6, None)
    assert changed.shape == B.shape
    for _ in range(20):
        if not np.array_equal(changed, B):
            break
        changed = c.bystander(B, .6, None)
    assert not np.array_equal(changed, B)
    assert not np.array_equal(c.plinth(B, 30, 60, 60), B)


def test_a_hand_is_in_the_picture_and_not_in_the_coverage():
    A = np.zeros((96, 96), np.float32)
    A[30:70, 30:66] = 1
    fingers = 0
    for seed in range(20):
        F, m, before = limb(Draw(seed), 96, A)
        assert F.shape == (96, 96, 3) and 0 <= F.min() and F.max() <= 1 and m.max() <= 1 and (before <= m + 1e-6).all()
        assert (m * (1 - A)).mean() > .005, 'nothing beside the product'
        fingers += (before * A).sum() > 1
    assert 5 < fingers < 20, 'fingers before the product, but not always'


def test_a_view_into_a_place(parts):
    place = np.load(parts.places + '.npy')[0]
    seen = [view(Draw(seed), 48, place) for seed in range(12)]
    for P in seen:
        assert P.shape == (48, 48, 3) and np.isfinite(P).all() and 0 <= P.min() and P.max() <= 1
        assert .15 < np.median(P) < .9, 'badly exposed'
    assert not np.allclose(seen[0], seen[1])
