"""Writes the weights as modules/cutout/net reads them, and golden coverages that its tests compare with.

The file: the magic, then for each layer output channels, input channels and kernel size (uint16, little-endian), the weights as float16
[out][in][k][k] and the biases as float32. Normalisation is folded into the weights, and the first layer takes red first.
"""
import hashlib
import json

import numpy as np
import torch

from .net import MEAN, SPREAD, Net

MAGIC = b'opalnet1'


def layers(net):
    """The layers in the order of the file, as (convolution or linear layer, its normalisation or None)."""
    conv = lambda c: (c[0], c[1])
    residual = lambda r: [conv(r.a), (r.b, r.n)]
    out = [conv(net.s1), conv(net.e1)]
    for down, more in ((net.s2, [net.e2]), (net.s3, [net.e3]), (net.s4, [net.e4]), (net.s5, net.e5)):
        out.append(conv(down))
        for r in more:
            out += residual(r)
    out.append((net.g, None))
    return out + [conv(net.d4), conv(net.d3), conv(net.d2), conv(net.d1), (net.o1, None)]


def folded(layer, norm):
    w = layer.weight.detach().double()
    b = layer.bias.detach().double() if layer.bias is not None else torch.zeros(w.shape[0], dtype=torch.double)
    if norm is not None:
        k = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
        w, b = w * k.reshape(-1, *[1] * (w.dim() - 1)), norm.bias.detach().double() + (b - norm.running_mean.double()) * k
    return w, b


def write(net, path):
    """Writes the weights. Returns the file's SHA-256."""
    data = bytearray(MAGIC)
    for i, (layer, norm) in enumerate(layers(net)):
        w, b = folded(layer, norm)
        if i == 0:
            w = w[:, [2, 1, 0]]
        w = w.numpy().astype('<f2')
        if not np.isfinite(w).all():
            raise ValueError(f'layer {i} has weights that float16 cannot hold')
        kernel = w.shape[2] if w.ndim == 4 else 1
        data += np.array([w.shape[0], w.shape[1], kernel], '<u2').tobytes() + w.tobytes() + b.numpy().astype('<f4').tobytes()
    with open(path, 'wb') as f:
        f.write(data)
    return hashlib.sha256(data).hexdigest()


def rounded(net):
    """A network with the weights as the file has them: rounded to float16 after folding."""
    import copy
    net = copy.deepcopy(net).eval()
    with torch.no_grad():
        for layer, norm in layers(net):
            w, b = folded(layer, norm)
            layer.weight.copy_(torch.from_numpy(w.numpy().astype('<f2').astype(np.float32)))
            if layer.bias is None:
                layer.bias = torch.nn.Parameter(torch.zeros(w.shape[0]))
            layer.bias.copy_(b.float())
            if norm is not None:
                norm.running_mean.zero_()
                norm.running_var.fill_(1 - norm.eps)
                norm.weight.fill_(1)
                norm.bias.zero_()
    return net


def pattern(w, h, kind):
    """A picture that the Go test draws by the same rule: red, green, blue of bytes."""
    y, x = np.mgrid[0:h, 0:w]
    p = np.zeros((h, w, 3), np.int64)
    for c in range(3):
        if kind == 0:
            p[..., c] = 225 - 10 * c + (x + 2 * y) % 5
            p[..., c] -= np.where((2 * x - w) ** 2 + (2 * y - h) ** 2 < (w * 5 // 9) ** 2, 120 + 20 * c, 0)
        elif kind == 1:
            p[..., c] = (x * (3 + c) + y * (5 - c) + x * y // 7) % 256
        else:
            p[..., c] = np.where((x > w // 4) & (x < w * 3 // 4) & (y > h // 3), 40 + 30 * c + (x * y) % 9, 200 + (x + y) % 11)
    return p.astype(np.uint8)


def golden(net, path):
    """Writes the coverages of three small pictures, in 1/65535: {"width", "height", "kind", "coverage"} each."""
    net, cases = rounded(net), []
    for kind, (w, h) in enumerate(((64, 64), (96, 64), (64, 96))):
        x = torch.from_numpy(pattern(w, h, kind)[..., ::-1].astype(np.float32).copy()).permute(2, 0, 1)[None]
        with torch.no_grad():
            c = torch.sigmoid(net((x / 255 - MEAN) / SPREAD))[0, 0].numpy()
        cases.append(dict(width=w, height=h, kind=kind, coverage=[int(v) for v in np.round(c * 65535).ravel()]))
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(cases, f, separators=(',', ':'))
        f.write('\n')


def load(path):
    """The averaged weights of a state, or weights alone."""
    s = torch.load(path, map_location='cpu')
    net = Net()
    net.load_state_dict(s.get('average', s))
    return net.eval()
