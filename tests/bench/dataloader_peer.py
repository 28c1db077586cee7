#!/usr/bin/env python3
"""The loader beside PyTorch's DataLoader over the kind of data set that arcface_torch has (train.rec: read, decode, flip,
normalise, collate), in turns, each on one core.

    dataloader_peer.py FOLDER LOADER [ROUNDS]

FOLDER holds train.rec and train.idx; LOADER is the program `loader` of this folder. Needs torch, torchvision and mxnet, as
arcface_torch does; without mxnet opencv-python-headless decodes. DataLoader runs with 0 and with 1 worker processes; the
faster one counts.
"""
import os
import struct
import subprocess
import sys
import time

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before the libraries count the cores

import numpy as np

try:
    np.bool = bool  # which mxnet 1.9 still names
    import mxnet
except ImportError:
    mxnet = None
    import cv2
import torch
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

SECONDS = 8


class Records(Dataset):
    """Image records of an InsightFace train.rec, as MXFaceDataset gives them."""

    def __init__(self, folder):
        with open(os.path.join(folder, "train.idx")) as index:
            offsets = {int(key): int(offset) for key, offset in (line.split("\t") for line in index)}
        self.path = os.path.join(folder, "train.rec")
        self.index = os.path.join(folder, "train.idx")
        self.records = None
        with open(self.path, "rb") as file:
            file.seek(offsets[0] + 8)
            end = int(np.frombuffer(file.read(32), "<f4")[6])
        self.offsets = [offsets[key] for key in range(1, end)]
        self.transform = transforms.Compose([
            transforms.ToPILImage(),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize(mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5]),
        ])

    def __len__(self):
        return len(self.offsets)

    def with_mxnet(self, i):
        if self.records is None:
            self.records = mxnet.recordio.MXIndexedRecordIO(self.index, self.path, "r")
        header, encoded = mxnet.recordio.unpack(self.records.read_idx(i + 1))
        return header.label, mxnet.image.imdecode(encoded).asnumpy()

    def with_opencv(self, i):
        if self.records is None:
            self.records = open(self.path, "rb")
        self.records.seek(self.offsets[i])
        length = struct.unpack("<II", self.records.read(8))[1] & ((1 << 29) - 1)
        record = self.records.read(length)
        image = cv2.imdecode(np.frombuffer(record[24:], np.uint8), cv2.IMREAD_COLOR)
        return struct.unpack("<IfQQ", record[:24])[1], cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    def __getitem__(self, i):
        label, image = self.with_mxnet(i) if mxnet else self.with_opencv(i)
        return self.transform(image), torch.tensor(int(label), dtype=torch.long)


def peer(folder, workers):
    loader = DataLoader(Records(folder), batch_size=128, shuffle=True, num_workers=workers, drop_last=True)
    images = 0
    begin = None
    while begin is None or time.time() - begin < SECONDS:
        for pixels, labels in loader:
            if begin is None:
                begin = time.time()  # the first batch pays for the start of the worker
                continue
            images += len(labels)
            if time.time() - begin >= SECONDS:
                break
    return images / (time.time() - begin)


def ours(program, folder):
    out = subprocess.run([program, folder, str(SECONDS), "--normalise"], check=True, capture_output=True, text=True)
    return float(out.stdout)


def main():
    folder, program = sys.argv[1:3]
    torch.set_num_threads(1)
    for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 3):
        here = ours(program, folder)
        there = max(peer(folder, 0), peer(folder, 1))
        print(f"images/s on one core: facerec {here:.0f}, DataLoader {there:.0f}, ratio {here / there:.2f}", flush=True)


if __name__ == "__main__":
    main()
