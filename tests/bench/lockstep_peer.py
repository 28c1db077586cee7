#!/usr/bin/env python3
"""Trains in PyTorch what `lockstep` of this folder trained, step by step, and compares the losses.

    lockstep IMAGES OUT 200
    lockstep_peer.py OUT

The same first tensors, batches and rates. The network is MobileFaceNet, the head arcface_torch's: cos(θ + m) in value,
the gradient of cos θ; the cross entropy has the gradient p − y, as PartialFC's. SGD with momentum and decay of
everything, the backbone's gradients clipped, the rate falling linearly to 0. Exits with 1 when a loss of the first 20
steps differs by more than 1e-4 of itself, or the mean by more than 1 %. Needs torch and safetensors.
"""

import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import load_file


class MobileFaceNet:
    """Its layers, by the names of its tensors."""

    def __init__(self, tensors):
        self.buffers = {name: t for name, t in tensors.items() if "running_" in name}
        self.weights = {name: t.requires_grad_() for name, t in tensors.items() if t.is_floating_point()
                        and "running_" not in name}

    def norm(self, x, name):
        return F.batch_norm(x, self.buffers[name + ".running_mean"], self.buffers[name + ".running_var"],
                            self.weights[name + ".weight"], self.weights[name + ".bias"], training=True)

    def block(self, x, name, stride=1, padding=0):
        kernel = self.weights[name + ".conv.weight"]
        x = F.conv2d(x, kernel, stride=stride, padding=padding, groups=x.shape[1] // kernel.shape[1])
        x = self.norm(x, name + ".bn")
        slope = self.weights.get(name + ".prelu.weight")
        return x if slope is None else F.prelu(x, slope)

    def widened(self, x, name, stride):
        y = self.block(x, name + ".conv")
        y = self.block(y, name + ".conv_dw", stride, 1)
        y = self.block(y, name + ".project")
        return x + y if stride == 1 else y

    def repeated(self, x, name, count):
        for i in range(count):
            x = self.widened(x, f"{name}.model.{i}", 1)
        return x

    def __call__(self, x):
        x = self.block(x, "conv1", 2, 1)
        x = self.block(x, "conv2_dw", 1, 1)
        x = self.repeated(self.widened(x, "conv_23", 2), "conv_3", 4)
        x = self.repeated(self.widened(x, "conv_34", 2), "conv_4", 6)
        x = self.repeated(self.widened(x, "conv_45", 2), "conv_5", 2)
        x = self.block(self.block(x, "conv_6_sep"), "conv_6_dw")
        return self.norm(F.linear(x.flatten(1), self.weights["linear.weight"]), "bn")


def loss_of(embeddings, centres, labels, scale, margin):
    cosine = F.linear(F.normalize(embeddings), F.normalize(centres)).clamp(-1, 1)
    rows = torch.arange(len(labels))
    with torch.no_grad():  # autograd does not see it: straight through
        cosine[rows, labels] = torch.cos(torch.acos(cosine[rows, labels]) + margin)
    return F.cross_entropy(cosine * scale, labels)


def train(folder, facts):
    start = load_file(folder / "initial.safetensors")
    data = load_file(folder / "images.safetensors")
    network = MobileFaceNet({name[9:]: t for name, t in start.items() if name.startswith("backbone.")})
    centres = start["head.weight"].requires_grad_()
    backbone = list(network.weights.values())
    optimizer = torch.optim.SGD(backbone + [centres], lr=facts["lr"], momentum=facts["momentum"],
                                weight_decay=facts["weight_decay"])
    steps = len(data["batches"])
    for step, batch in enumerate(data["batches"]):
        optimizer.param_groups[0]["lr"] = facts["lr"] * (1 - step / steps)
        x = (data["images"][batch].permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
        loss = loss_of(network(x.contiguous()), centres, data["labels"][batch], facts["scale"], facts["margin"])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(backbone, facts["clip_norm"])
        optimizer.step()
        yield loss.item()


def closed_form(classes, scale, margin, size=512):
    """The first loss of random embeddings: cosines are nearly normal with variance 1/size, the own one near 0."""
    others = math.log(classes - 1) + scale * scale / (2 * size)
    own = -scale * math.sin(margin)
    return others - own


def main(folder):
    facts = json.loads((folder / "facerec.json").read_text())
    worst, ours, theirs = 0, facts["losses"], []
    for step, loss in enumerate(train(folder, facts)):
        theirs.append(loss)
        difference = abs(ours[step] - loss) / loss
        if step < 20:
            worst = max(worst, difference)
        if step < 5 or step % 20 == 19:
            print(f"step {step + 1:4}  facerec {ours[step]:.6f}  torch {loss:.6f}  {difference:.1e}", flush=True)
    mean = abs(sum(ours) - sum(theirs)) / sum(theirs)
    print(f"first loss {ours[0]:.3f}, closed form {closed_form(facts['classes'], facts['scale'], facts['margin']):.3f}")
    print(f"largest difference of the first 20: {worst:.2e} (limit 1e-4); of the mean of {len(ours)}: {mean:.2e} (1e-2)")
    return 0 if worst < 1e-4 and mean < 1e-2 else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
