import json

import numpy as np
import pytest

torch = pytest.importorskip('torch')

from opal_matte import export, train  # noqa: E402
from opal_matte.net import Net, inputs, loss  # noqa: E402


def test_the_network_learns_and_goes_on_where_it_was(parts, tmp_path):
    told = []
    short = dict(steps=8, cooldown=.5, sizes=(64, 64), ring=(32, 32), every=1, tell=told.append)
    go = lambda **more: train.train(str(tmp_path), parts, parts, minutes=1, **short, **more)
    state = lambda name: torch.load(tmp_path / name)['state']
    first = go(begin=None)
    before = state('latest.pt')  # before the rate fell
    assert 0 < before['seen'] < first.state['seen'] == state('final.pt')['seen']
    with pytest.raises(SystemExit, match='--resume'):
        go()
    assert state('latest.pt')['seen'] == before['seen']  # what was learned is not lost to a word that was forgotten
    again = go(resume=True)
    assert state('latest.pt')['seen'] > before['seen'] and state('latest.pt')['minutes'] > before['minutes']
    assert again.state['seen'] > before['seen'] and again.state['begun_from'] == 'nothing'
    log = [json.loads(line) for line in (tmp_path / 'train.log').read_text().splitlines()]
    assert log[-1]['seen'] == again.state['seen'] and 0 <= log[-1]['validation_iou'] <= 1


def test_steps_lower_the_loss(tmp_path, parts):
    t = train.Trainer(str(tmp_path))
    batch = train.validation_set(parts, 64, 16)
    value = lambda: loss([t.net.eval()(inputs(batch[..., :3]))], torch.from_numpy(batch[..., 3].astype(np.float32))[:, None] / 255).item()
    before = value()
    for _ in range(12):
        t.step(batch, 2e-3)
    assert value() < before


def test_the_rate_rises_stays_and_falls():
    rate = lambda step, done: train.rate_at(step, done, 1e-3, .3)
    assert rate(0, 0) < rate(50, .01) < rate(500, .2) == rate(900, .69) == 1e-3
    assert rate(900, .8) > rate(900, .95) > 0 and rate(900, 1) < 1e-5


def test_the_file_holds_the_network(tmp_path):
    torch.manual_seed(3)
    net = Net()
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.normal_(0, .2)
            m.running_var.uniform_(.5, 2)
    net.eval()
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        assert (torch.sigmoid(net(x)) - torch.sigmoid(export.rounded(net)(x))).abs().max() < 4 / 255
    sha = export.write(net, str(tmp_path / 'own.bin'))
    data = (tmp_path / 'own.bin').read_bytes()
    used = sum(w.numel() for w, _ in (export.folded(*pair) for pair in export.layers(net)))
    biases = sum(b.numel() for _, b in (export.folded(*pair) for pair in export.layers(net)))
    assert data.startswith(export.MAGIC) and len(sha) == 64
    assert len(data) == len(export.MAGIC) + 6 * len(export.layers(net)) + 2 * used + 4 * biases
