"""Inception-v3 of FID in torch, written from its published layer names, for comparison with ours."""

import torch
from torch import nn
from torch.nn import functional


class Basic(nn.Module):
    """Convolution, batch normalisation and relu."""

    def __init__(self, inputs, outputs, window, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, window, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x):
        return functional.relu(self.bn(self.conv(x)))


class Block(nn.Module):
    """Branches that are concatenated; a branch is a list of layers, a layer of several is concatenated.

    A layer is ``(name, inputs, outputs, window, stride, padding)``.
    """

    def __init__(self, branches, pool):
        super().__init__()
        self.branches, self.pool = branches, pool
        for branch in branches:
            for stage in branch:
                for name, *sizes in stage:
                    setattr(self, name, Basic(*sizes))

    def forward(self, x):
        outputs = []
        for branch in self.branches:
            y = self.pool(x) if not branch or branch[0][0][0] == "branch_pool" else x
            for stage in branch:
                y = torch.cat([getattr(self, name)(y) for name, *_ in stage], 1)
            outputs.append(y)
        return torch.cat(outputs, 1)


def average(x):
    return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def largest(x):
    return functional.max_pool2d(x, 3, 1, 1)


def halve(x):
    return functional.max_pool2d(x, 3, 2)


def one(name, i, o):
    return [(name, i, o, 1, 1, 0)]


def square(name, i, o, k):
    return [(name, i, o, k, 1, k // 2)]


def down(name, i, o):
    return [(name, i, o, 3, 2, 0)]


def wide(name, i, o, k=7):
    return [(name, i, o, (1, k), 1, (0, k // 2))]


def tall(name, i, o, k=7):
    return [(name, i, o, (k, 1), 1, (k // 2, 0))]


def block_a(i, pool, r):
    return Block(
        [
            [one("branch1x1", i, 64 // r)],
            [one("branch5x5_1", i, 48 // r), square("branch5x5_2", 48 // r, 64 // r, 5)],
            [
                one("branch3x3dbl_1", i, 64 // r),
                square("branch3x3dbl_2", 64 // r, 96 // r, 3),
                square("branch3x3dbl_3", 96 // r, 96 // r, 3),
            ],
            [one("branch_pool", i, pool)],
        ],
        average,
    )


def block_b(i, r):
    double = [
        one("branch3x3dbl_1", i, 64 // r),
        square("branch3x3dbl_2", 64 // r, 96 // r, 3),
        down("branch3x3dbl_3", 96 // r, 96 // r),
    ]
    return Block([[down("branch3x3", i, 384 // r)], double, []], halve)


def block_c(i, c, r):
    o = 192 // r
    return Block(
        [
            [one("branch1x1", i, o)],
            [one("branch7x7_1", i, c), wide("branch7x7_2", c, c), tall("branch7x7_3", c, o)],
            [
                one("branch7x7dbl_1", i, c),
                tall("branch7x7dbl_2", c, c),
                wide("branch7x7dbl_3", c, c),
                tall("branch7x7dbl_4", c, c),
                wide("branch7x7dbl_5", c, o),
            ],
            [one("branch_pool", i, o)],
        ],
        average,
    )


def block_d(i, r):
    c = 192 // r
    seven = [
        one("branch7x7x3_1", i, c),
        wide("branch7x7x3_2", c, c),
        tall("branch7x7x3_3", c, c),
        down("branch7x7x3_4", c, c),
    ]
    return Block([[one("branch3x3_1", i, c), down("branch3x3_2", c, 320 // r)], seven, []], halve)


def block_e(i, r, pool):
    c, d = 384 // r, 448 // r
    return Block(
        [
            [one("branch1x1", i, 320 // r)],
            [one("branch3x3_1", i, c), wide("branch3x3_2a", c, c, 3) + tall("branch3x3_2b", c, c, 3)],
            [
                one("branch3x3dbl_1", i, d),
                square("branch3x3dbl_2", d, c, 3),
                wide("branch3x3dbl_3a", c, c, 3) + tall("branch3x3dbl_3b", c, c, 3),
            ],
            [one("branch_pool", i, 192 // r)],
        ],
        pool,
    )


class TorchInception(nn.Module):
    """The network, of images ``[batch, 3, height, width]`` in [-1, 1] that have its size."""

    def __init__(self, num_labels=1008, r=1):
        super().__init__()
        self.Conv2d_1a_3x3 = Basic(3, 32 // r, 3, 2)
        self.Conv2d_2a_3x3 = Basic(32 // r, 32 // r, 3)
        self.Conv2d_2b_3x3 = Basic(32 // r, 64 // r, 3, 1, 1)
        self.Conv2d_3b_1x1 = Basic(64 // r, 80 // r, 1)
        self.Conv2d_4a_3x3 = Basic(80 // r, 192 // r, 3)
        self.Mixed_5b = block_a(192 // r, 32 // r, r)
        self.Mixed_5c = block_a(256 // r, 64 // r, r)
        self.Mixed_5d = block_a(288 // r, 64 // r, r)
        self.Mixed_6a = block_b(288 // r, r)
        self.Mixed_6b = block_c(768 // r, 128 // r, r)
        self.Mixed_6c = block_c(768 // r, 160 // r, r)
        self.Mixed_6d = block_c(768 // r, 160 // r, r)
        self.Mixed_6e = block_c(768 // r, 192 // r, r)
        self.Mixed_7a = block_d(768 // r, r)
        self.Mixed_7b = block_e(1280 // r, r, average)
        self.Mixed_7c = block_e(2048 // r, r, largest)
        self.fc = nn.Linear(2048 // r, num_labels)
        self.eval()

    def forward(self, x):
        x = halve(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = halve(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        for name in ["5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"]:
            x = getattr(self, f"Mixed_{name}")(x)
        features = x.mean((2, 3))
        return features, self.fc(features), features @ self.fc.weight.T


def randomise(network, rng):
    """Give a network random weights and statistics that keep activations of order one."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            shape = tuple(tensor.shape)
            if len(shape) > 1:
                value = rng.normal(size=shape) * (2 / tensor[0].numel()) ** 0.5
            elif name.endswith(("running_var", "bn.weight")):
                value = rng.uniform(0.5, 1.5, shape)
            else:
                value = rng.normal(size=shape) * 0.3
            tensor.copy_(torch.as_tensor(value))
    return network
