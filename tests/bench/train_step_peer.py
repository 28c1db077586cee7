#!/usr/bin/env python3
"""Training steps beside arcface_torch's in PyTorch, in turns, on the same cores.

    train_step_peer.py TRAIN_STEP BACKBONE [BATCH [ROUNDS [STEPS]]]

TRAIN_STEP is the program `train_step` of this folder, BACKBONE iresnet50 or mbf. The peer is a step of arcface_torch's
train_v2.py: its network (backbones/iresnet.py, mobilefacenet.py), the head of PartialFC_V2 with 10,000 classes, SGD, the
backbone's gradients clipped at 5; under autocast the last layers and the loss in fp32, as there. Each figure is the
shortest step of all rounds, and the median over rounds of the ratio to the peer in fp32. Needs torch.
"""
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch
import torch.nn.functional as F
from torch import nn

CLASSES = 10000
THREADS = len(os.sched_getaffinity(0))


class Unit(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(inside), nn.Conv2d(inside, outside, 3, 1, 1, bias=False), nn.BatchNorm2d(outside),
            nn.PReLU(outside), nn.Conv2d(outside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside))
        self.downsample = None if stride == 1 else nn.Sequential(
            nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        return self.body(x).add_(x if self.downsample is None else self.downsample(x))


def iresnet50():
    layers, channels = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)], 64
    for width, count in ((64, 3), (128, 4), (256, 14), (512, 3)):
        for i in range(count):
            layers.append(Unit(channels, width, 2 if i == 0 else 1))
            channels = width
    trunk = nn.Sequential(*layers, nn.BatchNorm2d(512), nn.Flatten())
    return trunk, nn.Sequential(nn.Linear(512 * 49, 512), nn.BatchNorm1d(512))


def block(inside, outside, kernel, stride=1, padding=0, groups=1, activated=True):
    layers = [nn.Conv2d(inside, outside, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outside)]
    return nn.Sequential(*layers, nn.PReLU(outside)) if activated else nn.Sequential(*layers)


class Bottleneck(nn.Module):
    def __init__(self, inside, inner, outside, stride):
        super().__init__()
        self.residual = stride == 1
        self.layers = nn.Sequential(block(inside, inner, 1), block(inner, inner, 3, stride, 1, inner),
                                    block(inner, outside, 1, activated=False))

    def forward(self, x):
        y = self.layers(x)
        return x + y if self.residual else y


def mbf():
    def stage(channels, inner, count):
        return nn.Sequential(*[Bottleneck(channels, inner, channels, 1) for _ in range(count)])

    narrow, wide = 128, 256
    trunk = nn.Sequential(
        block(3, narrow, 3, 2, 1), block(narrow, narrow, 3, 1, 1, 64), Bottleneck(narrow, 128, narrow, 2),
        stage(narrow, 128, 4), Bottleneck(narrow, 256, wide, 2), stage(wide, 256, 6), Bottleneck(wide, 512, wide, 2),
        stage(wide, 256, 2))
    return trunk, nn.Sequential(block(wide, 512, 1), block(512, 512, 7, groups=512, activated=False), nn.Flatten(),
                                nn.Linear(512, 512, bias=False), nn.BatchNorm1d(512))


class Peer:
    def __init__(self, backbone, batch):
        torch.set_num_threads(THREADS)
        torch.manual_seed(1)
        self.trunk, self.top = {"iresnet50": iresnet50, "mbf": mbf}[backbone]()
        self.centres = nn.Parameter(torch.normal(0, 0.01, (CLASSES, 512)))
        self.backbone = [*self.trunk.parameters(), *self.top.parameters()]
        self.optimizer = torch.optim.SGD([{"params": self.backbone}, {"params": [self.centres]}], lr=0.02, momentum=0.9,
                                         weight_decay=5e-4)
        self.images = torch.randn(batch, 3, 112, 112)
        self.labels = torch.randint(CLASSES, (batch,))

    def loss(self, half):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            x = self.trunk(self.images)
        x = self.top(x.float())
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            cosine = F.linear(F.normalize(x), F.normalize(self.centres))
        cosine = cosine.float().clamp(-1, 1)
        rows = torch.arange(len(self.labels))
        with torch.no_grad():
            cosine[rows, self.labels] = torch.cos(torch.acos(cosine[rows, self.labels]) + 0.5)
        return F.cross_entropy(cosine * 64, self.labels)

    def step(self, half):
        begin = time.perf_counter()
        self.loss(half).backward()
        torch.nn.utils.clip_grad_norm_(self.backbone, 5)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return time.perf_counter() - begin

    def fastest(self, half, steps):
        self.step(half)
        return min(self.step(half) for _ in range(steps))


def ours(program, backbone, precision, batch, steps):
    line = subprocess.run([program, backbone, precision, "auto", str(batch), str(steps), str(CLASSES)],
                          capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    print(f"    facerec {precision}: {line}", flush=True)
    return float(line.split()[0])


def main(program, backbone, batch=32, rounds=3, steps=3):
    batch, rounds, steps = int(batch), int(rounds), int(steps)
    peer, all_rounds = Peer(backbone, batch), []
    for _ in range(rounds):
        all_rounds.append({
            "torch fp32": peer.fastest(False, steps),
            "facerec fp32": ours(program, backbone, "fp32", batch, steps),
            "facerec bf16": ours(program, backbone, "bf16", batch, steps),
            "torch bf16": peer.fastest(True, steps)})
    for name in all_rounds[0]:
        ratio = statistics.median(each["torch fp32"] / each[name] for each in all_rounds)
        print(f"{backbone} batch {batch} {name:12}  {batch / min(each[name] for each in all_rounds):7.2f} images/s  "
              f"{ratio:5.2f}x of torch fp32")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
