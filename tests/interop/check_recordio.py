"""Reads a RecordIO set with MXNet and prints each image's label and the first 16 digits of its SHA-256 as JSON lines.

    python tests/interop/check_recordio.py FOLDER

In the order that InsightFace's MXFaceDataset has: with ranges in key 0 the keys from 1 on, else all keys of train.idx.
Needs mxnet 1.9.1 and numpy below 1.24.
"""

import hashlib
import json
import pathlib
import sys

import numpy

numpy.bool = bool  # mxnet 1.9.1 names it, numpy 1.24 dropped it

import mxnet  # noqa: E402


def main():
    folder = pathlib.Path(sys.argv[1])
    records = mxnet.recordio.MXIndexedRecordIO(str(folder / "train.idx"), str(folder / "train.rec"), "r")
    keys = list(records.keys)
    if 0 in keys:
        header, image = mxnet.recordio.unpack(records.read_idx(0))
        if header.flag > 0 and not image:
            keys = range(1, int(header.label[0]))
    for key in keys:
        header, image = mxnet.recordio.unpack(records.read_idx(key))
        label = header.label if isinstance(header.label, float) else float(header.label[0])
        print(json.dumps({"key": key, "label": label, "image": hashlib.sha256(image).hexdigest()[:16]}))


main()
