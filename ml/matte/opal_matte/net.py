"""The network: a U-Net of plain 3×3 convolutions with a dilated bottom, a global context and four supervised outputs.

Plain convolutions are faster on a CPU than depthwise ones and simple to write without a framework (modules/cutout/net does).
1.34 million weights; .67 billion multiplications at 256². Input: N × 3 × H × W, blue first, (value − MEAN) / SPREAD with values from
0 to 1, H and W multiples of 32. Output: logits of the coverage, N × 1 × H × W.
"""
import torch
import torch.nn.functional as F
from torch import nn

MEAN, SPREAD = .45, .25
WIDTHS = (16, 32, 56, 96, 128)


class Conv(nn.Sequential):
    def __init__(self, i, o, stride=1, dilation=1):
        super().__init__(nn.Conv2d(i, o, 3, stride, dilation, dilation, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, c, dilation=1):
        super().__init__()
        self.a = Conv(c, c, 1, dilation)
        self.b = nn.Conv2d(c, c, 3, 1, 1, bias=False)
        self.n = nn.BatchNorm2d(c)

    def forward(self, x):
        return F.relu(x + self.n(self.b(self.a(x))))


class Net(nn.Module):
    def __init__(self, widths=WIDTHS):
        super().__init__()
        a, b, c, d, e = widths
        self.s1, self.e1 = Conv(3, a, 2), Conv(a, a)      # 1/2
        self.s2, self.e2 = Conv(a, b, 2), Residual(b)     # 1/4
        self.s3, self.e3 = Conv(b, c, 2), Residual(c)     # 1/8
        self.s4, self.e4 = Conv(c, d, 2), Residual(d)     # 1/16
        self.s5, self.e5 = Conv(d, e, 2), nn.Sequential(Residual(e), Residual(e, 2))  # 1/32
        self.g = nn.Linear(e, e)
        self.d4, self.d3, self.d2, self.d1 = Conv(e + d, d), Conv(d + c, c), Conv(c + b, b), Conv(b + a, a)
        self.o1 = nn.Conv2d(a, 4, 3, 1, 1)
        self.o2, self.o3, self.o4 = nn.Conv2d(b, 1, 1), nn.Conv2d(c, 1, 1), nn.Conv2d(d, 1, 1)  # for training alone

    def forward(self, x):
        x1 = self.e1(self.s1(x))
        x2 = self.e2(self.s2(x1))
        x3 = self.e3(self.s3(x2))
        x4 = self.e4(self.s4(x3))
        x5 = self.e5(self.s5(x4))
        x5 = x5 + self.g(x5.mean((2, 3)))[:, :, None, None]
        up = lambda t, to: torch.cat([F.interpolate(t, size=to.shape[2:], mode='bilinear', align_corners=False), to], 1)
        y4 = self.d4(up(x5, x4))
        y3 = self.d3(up(y4, x3))
        y2 = self.d2(up(y3, x2))
        y1 = self.d1(up(y2, x1))
        o = F.pixel_shuffle(self.o1(y1), 2)
        return (o, self.o2(y2), self.o3(y3), self.o4(y4)) if self.training else o


def loss(outputs, target):
    """Cross-entropy, three times as heavy at the outline, and half of 1 − IoU, at four resolutions."""
    total = 0
    for o, k in zip(outputs, (1., .5, .4, .3)):
        o = o.float()
        g = target if o.shape == target.shape else F.adaptive_avg_pool2d(target, o.shape[2:])
        edge = (g - F.avg_pool2d(g, 5, 1, 2, count_include_pad=False)).abs()
        p = torch.sigmoid(o)
        both, either = (p * g).sum((1, 2, 3)), (p + g - p * g).sum((1, 2, 3))
        cross = F.binary_cross_entropy_with_logits(o, g, reduction='none')
        total = total + k * ((cross * (1 + 4 * edge)).mean() + .5 * (1 - (both + 1) / (either + 1)).mean())
    return total


def inputs(pictures):
    """uint8 pictures N × H × W × 3 (blue first) as the network takes them."""
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last).float()
    return (x / 255 - MEAN) / SPREAD
