import json
import os

import numpy as np
import pytest

from opal_matte import card, fetch, places, render, sprites

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.mark.parametrize('name,want', [
    ('1f45f', True), ('1f4f7', True), ('1f1e6-1f1e8', False), ('0023-fe0f-20e3', False), ('1f44b-1f3fd', False),
    ('1f550', False), ('1f408-200d-2b1b', True), ('1f468-200d-1f373', False),
])
def test_sprites_that_are_wanted(name, want):
    assert sprites.wanted(name) == want


def test_a_tenth_of_the_models_is_kept_back():
    names = [f'model{i}' for i in range(1000)]
    kept = sum(render.held_out(n) for n in names)
    assert 50 < kept < 150 and render.held_out('model7') == render.held_out('model7')


def test_only_models_in_the_public_domain_are_read(tmp_path):
    text = 'license=Public domain\nname#2=Chair\nmodel#2=/a/chair.obj\ncreator#2=Someone\nname#1=Box\nmodel#1=/a/box.obj\n'
    found = fetch.catalogue(text, '/models')
    assert [m['name'] for m in found] == ['box', 'chair'] and found[1]['creator'] == 'Someone' and found[0]['file'] == '/models/a/box.obj'
    with pytest.raises(RuntimeError):
        fetch.catalogue(text.replace('Public domain', 'CC-BY'), '/models')


@pytest.mark.parametrize('file,said,want', [
    ('', '', True),
    ('BLENDSWAP_LICENSE.txt', 'Released under Creative Commons Zero (Public Domain)', True),
    ('86145 - LICENSE.html', '<p>Released under <b>Creative Commons Zero 1.0</b></p>', True),
    ('89509 - LICENSE.html', '<p>Released under <b>Creative Commons\nAttribution 3.0</b>: mention the author</p>', False),
    ('License.txt', 'All rights reserved', False),
])
def test_a_models_own_licence_is_read(tmp_path, file, said, want):
    (tmp_path / 'a').mkdir()
    if file:
        (tmp_path / 'a' / file).write_text(said)
    found = fetch.catalogue('license=Public domain\nname#1=Box\nmodel#1=/a/box.obj\n', str(tmp_path))
    assert bool(found) == want


def test_views_are_packed(tmp_path):
    import cv2
    for i, name in enumerate(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7', 'm8', 'm9']):
        a = np.zeros((64, 64, 4), np.uint8)
        a[20:50, 20:50] = (10 * i, 100, 50, 255)
        cv2.imwrite(str(tmp_path / f'{name}_0_rgba.png'), a)
        cv2.imwrite(str(tmp_path / f'{name}_0_shadow.png'), np.full((32, 32, 4), 90, np.uint8))
    glass = np.zeros((64, 64, 4), np.uint8)
    glass[20:50, 20:50] = (10, 100, 50, 90)
    cv2.imwrite(str(tmp_path / 'glass_0_rgba.png'), glass)
    cv2.imwrite(str(tmp_path / 'glass_0_shadow.png'), np.zeros((32, 32, 4), np.uint8))
    n, v = render.pack(str(tmp_path), str(tmp_path / 't'), False), render.pack(str(tmp_path), str(tmp_path / 'v'), True)
    assert n + v == 10 and v == 1
    assert np.load(tmp_path / 't.rgba.npy').shape == (n, 64, 64, 4) and np.load(tmp_path / 't.shadow.npy').shape == (n, 32, 32)


def test_places_are_packed(tmp_path):
    import cv2
    names = ('hall', *places.HELD_OUT)
    files = {n: cv2.imencode('.exr', np.full((16, 32, 3), 90000 if n == 'hall' else .5, np.float32))[1].tobytes() for n in names}
    n, v = places.unpack(files, str(tmp_path / 't'), False), places.unpack(files, str(tmp_path / 'v'), True)
    assert (n, v) == (1, 2) and np.load(tmp_path / 't.npy').shape == (1, 256, 512, 3) and np.isfinite(np.load(tmp_path / 't.npy')).all()
    with pytest.raises(RuntimeError):
        places.unpack(dict(hall=b'no picture'), str(tmp_path / 'x'), False)


def test_sources_name_their_licences():
    with open(os.path.join(HERE, '..', 'sources.json'), encoding='utf-8') as f:
        sources = json.load(f)
    for s in sources:
        assert s['name'] and s['from'] and s['licence'] and s['used_for'] and s['credit']
        assert s['committed'] == (s['licence'] == "OPAL's own")
    for package in (fetch.EMOJI, fetch.PLACES):
        name, _, version = package.rpartition('@')
        assert any(name in s['from'] and version in s['from'] for s in sources), package


def test_the_card_holds_the_figures(tmp_path):
    log = [dict(minutes=i, seen=i * 16, steps=i, size=256, loss=.5, validation_iou=.8, share_over_9=.5, begun_from='nothing') for i in range(40)]
    made = dict(all=dict(pictures=4, mean=.9, median=.91, over_9=3, over_95=1))
    card.write(str(tmp_path / 'CARD.md'), dict(views=7, models=3, sprites=9, places=2), log, made, 'ab' * 32, 123, 'Seen.')
    text = (tmp_path / 'CARD.md').read_text(encoding='utf-8')
    for want in ('ab' * 32, '7 views of 3', '| 39 | 624 |', '| all | 4 | 0.9 |', 'CC0-1.0', 'Seen.'):
        assert want in text
