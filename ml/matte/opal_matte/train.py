"""Trains the network on pictures that the compositor makes meanwhile. A run can be ended at any time and goes on where it was.

Compositor processes fill a ring in shared memory, the trainer draws batches from it. The learning rate rises, stays, and falls in the
last part of the run's time (the cooldown); the weights that are used are a moving average. FOLDER/latest.pt is the newest state before
the cooldown: `--resume` takes it, so that a later run goes on at the full rate. FOLDER/final.pt is the newest state in or after the
cooldown, which is measured and exported.
"""
import copy
import json
import math
import multiprocessing as mp
import os
import signal
import sys
import time

import numpy as np

BATCH = 16
WARM = 200  # steps in which the rate rises
DECAY = .02
AVERAGE = .998
VALIDATION = 192  # pictures, of sprites and models that training never shows
VALIDATION_SEED = 424242
LATEST, FINAL = 'latest.pt', 'final.pt'


def compose(parts, seed, rings, stage, made):
    """Fills the ring of the stage until it is negative. A process."""
    from .compose import Compositor
    os.nice(6)
    parent = os.getppid()
    c = Compositor(parts, seed)
    while (s := stage.value) >= 0 and os.getppid() == parent:
        size, n, memory = rings[s]
        c.S = size
        ring = np.frombuffer(memory, np.uint8).reshape(n, size, size, 4)
        picture, coverage = c.sample()
        with made[s].get_lock():
            k = made[s].value
            made[s].value += 1
        ring[k % n, ..., :3], ring[k % n, ..., 3] = picture, coverage


def validation_set(parts, size, count=VALIDATION):
    from .compose import Compositor
    c = Compositor(parts, VALIDATION_SEED, size)
    return np.stack([np.dstack(c.sample()) for _ in range(count)])


def ious(coverage, truth):
    """IoU of each picture at half coverage."""
    p, t = coverage > .5, truth > .5
    return ((p & t).sum((1, 2, 3)).float() + 1) / ((p | t).sum((1, 2, 3)).float() + 1)


class Trainer:
    def __init__(self, folder, seed=1, threads=1):
        import torch
        from .net import Net
        self.torch, self.folder = torch, folder
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        self.random = np.random.default_rng(seed)
        self.net = Net().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net).eval()
        matrices = [p for p in self.net.parameters() if p.dim() > 1]
        others = [p for p in self.net.parameters() if p.dim() <= 1]
        self.optimiser = torch.optim.AdamW([dict(params=matrices, weight_decay=DECAY), dict(params=others, weight_decay=0)], lr=1e-4, betas=(.9, .99))
        self.state = dict(steps=0, seen=0, minutes=0.0, begun_from='nothing')
        self.loss = None
        self.name = LATEST  # where the state belongs now

    def begin_from(self, weights, words):
        """Takes weights alone, of an earlier network of the same shape. words say which, for the card."""
        w = self.torch.load(weights, map_location='cpu')
        self.net.load_state_dict(w)
        self.average.load_state_dict(w)
        self.state['begun_from'] = words

    def save(self, name):
        path = os.path.join(self.folder, name)
        whole = dict(net=self.net.state_dict(), average=self.average.state_dict(), optimiser=self.optimiser.state_dict(), state=self.state)
        self.torch.save(whole, path + '.part')
        os.replace(path + '.part', path)

    def resume(self, name):
        s = self.torch.load(os.path.join(self.folder, name), map_location='cpu')
        self.net.load_state_dict(s['net'])
        self.average.load_state_dict(s['average'])
        self.optimiser.load_state_dict(s['optimiser'])
        self.state = s['state']

    def step(self, batch, rate):
        """One step on a batch N × S × S × 4 of pictures and coverage, uint8."""
        from .net import inputs, loss
        torch = self.torch
        if self.random.random() < .5:
            batch = batch[:, :, ::-1]
        if self.random.random() < .15:
            batch = batch[..., [*self.random.permutation(3), 3]]
        batch = np.ascontiguousarray(batch)
        target = torch.from_numpy(batch[..., 3]).float()[:, None] / 255
        for group in self.optimiser.param_groups:
            group['lr'] = rate
        self.net.train()
        value = loss(self.net(inputs(batch[..., :3])), target)
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 2.)
        self.optimiser.step()
        self.state['steps'] += 1
        self.state['seen'] += len(batch)
        v = value.item()
        self.loss = v if self.loss is None else self.loss * .98 + v * .02
        keep = AVERAGE if self.state['begun_from'] != 'nothing' else min(AVERAGE, self.state['steps'] / (self.state['steps'] + 50))
        with torch.no_grad():
            for a, p in zip(self.average.parameters(), self.net.parameters()):
                a.lerp_(p, 1 - keep)
            for a, p in zip(self.average.buffers(), self.net.buffers()):
                a.copy_(p) if not a.dtype.is_floating_point else a.lerp_(p, 1 - min(keep, .98))

    def validate(self, pictures):
        """Mean IoU of the averaged weights, and the share of pictures from .9."""
        from .net import inputs
        torch = self.torch
        with torch.no_grad():
            v = []
            for b in np.array_split(pictures, max(1, len(pictures) // 24)):
                truth = torch.from_numpy(np.ascontiguousarray(b[..., 3:])).permute(0, 3, 1, 2) / 255
                v.append(ious(torch.sigmoid(self.average(inputs(np.ascontiguousarray(b[..., :3])))), truth))
        v = torch.cat(v)
        return v.mean().item(), (v > .9).float().mean().item()


def rate_at(step, done, top, cooldown):
    """The learning rate: step counts from this run's beginning, done is the share of its time that is over."""
    rising = min(1, (step + 1) / WARM)
    falling = 1 if done < 1 - cooldown else .5 * (1 + math.cos(math.pi * (done - 1 + cooldown) / cooldown)) * .995 + .005
    return top * min(rising, falling)


def train(folder, parts, validation, minutes, top=1e-3, cooldown=.35, workers=1, threads=1, seed=1, sizes=(256, 288), ring=(1500, 800),
          begin=None, words='', resume=False, every=180, steps=0, tell=print):
    """Trains for some minutes, or for some steps where those are given, and writes FOLDER/train.log, a JSON line now and then.

    parts and validation are Parts, begin weights to begin from, and words say which."""
    there = [name for name in (LATEST, FINAL) if os.path.exists(os.path.join(folder, name))]
    if there and not resume:
        raise SystemExit(f'{folder} holds {" and ".join(there)} of an earlier training: --resume goes on with it; move the folder away to begin anew')
    if there == [FINAL]:
        raise SystemExit(f'{folder} holds {FINAL}, whose rate has fallen, and no {LATEST} to go on from: move the folder away to begin anew')
    t = Trainer(folder, seed, threads)
    if there:
        t.resume(LATEST)
    elif begin:
        t.begin_from(begin, words)
    seed += t.state['seen']  # a run that goes on sees new pictures
    rings = [(s, n, mp.RawArray('B', s * s * 4 * n)) for s, n in zip(sizes, ring)]
    stage, made = mp.Value('i', 0), [mp.Value('q', 0) for _ in rings]
    processes = [mp.Process(target=compose, args=(parts, seed * 100 + i, rings, stage, made), daemon=True) for i in range(workers)]
    for p in processes:
        p.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('ended; --resume goes on'))
    begun = t.state['seen']
    try:
        run(t, folder, rings, stage, made, processes, validation, minutes, steps, top, cooldown, every, tell)
    finally:
        before = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGTERM, signal.SIGINT)}  # a second one would tear the state
        if t.state['seen'] > begun:
            t.save(t.name)
        for s, handler in before.items():
            signal.signal(s, handler)
        stage.value = -1
        for p in processes:
            p.join(5)
            p.terminate()
    return t


def run(t, folder, rings, stage, made, processes, validation, minutes, steps, top, cooldown, every, tell):
    V = validation_set(validation, rings[0][0])
    ready = lambda s: made[s].value >= min(rings[s][1], 40 * BATCH)
    alive = lambda: any(p.is_alive() for p in processes)
    before, start, first = t.state['minutes'], time.time(), t.state['steps']
    told = saved = start
    over = lambda: (t.state['steps'] - first) / steps if steps else (time.time() - start) / 60 / minutes
    while (done := over()) < 1:
        if not alive():
            raise RuntimeError('no compositor is left')
        now = 0
        if done > 1 - cooldown:
            stage.value = len(rings) - 1
            if t.name == LATEST:
                t.save(LATEST)
                t.name = FINAL
            now = len(rings) - 1 if ready(len(rings) - 1) else 0
        if not ready(now):
            time.sleep(.2)
            continue
        size, n, memory = rings[now]
        pictures = np.frombuffer(memory, np.uint8).reshape(n, size, size, 4)
        batch = pictures[t.random.integers(0, min(n, made[now].value), BATCH)]
        t.step(batch, rate_at(t.state['steps'] - first, done, top, cooldown))
        t.state['minutes'] = before + (time.time() - start) / 60
        if time.time() - saved > 60:
            saved = time.time()
            t.save(t.name)
        if time.time() - told > every:
            told = time.time()
            tell_of(t, folder, V, [m.value for m in made], size, done, tell)
    if t.state['steps'] == first:
        raise SystemExit('the time was over before the compositors had filled a batch: give more --minutes')
    tell_of(t, folder, V, [m.value for m in made], rings[-1][0], 1, tell)


def tell_of(t, folder, V, made, size, done, tell):
    iou, good = t.validate(V)
    line = dict(t.state, made=made, size=size, done=round(done, 3), loss=round(t.loss or 0, 4), validation_iou=round(iou, 4), share_over_9=round(good, 3))
    with open(os.path.join(folder, 'train.log'), 'a', encoding='utf-8') as f:
        f.write(json.dumps(line) + '\n')
    tell(line)
