#!/usr/bin/env python3
"""`facerec embed` beside a Python pipeline on ONNX Runtime: a folder of crops to a .npy, end to end, in turns.

    embed_peer.py FACEREC MODEL ONNX FOLDER [REPEAT]

MODEL is a model file, ONNX what `facerec export MODEL ONNX` wrote of it, FOLDER images of the model's input size. They are
given REPEAT times, so that starting the process hardly counts. The peer decodes with OpenCV in a thread pool, one batch
ahead, and computes in fp32. Needs numpy, opencv-python-headless and onnxruntime. Printed are medians over rounds of images a
second as the clock on the wall has it, and of the ratio to the peer; then the largest memory of each, in MiB.
"""
import concurrent.futures
import glob
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

ROUNDS = 3
BATCH = 64
THREADS = len(os.sched_getaffinity(0))


def peer(onnx, listing, out):
    import cv2
    import numpy as np
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    paths = open(listing).read().splitlines()

    def decode(path):
        return cv2.imread(path)[:, :, ::-1]

    def batch(pool, first):
        return [pool.submit(decode, path) for path in paths[first:first + BATCH]]

    rows = []
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        ahead = batch(pool, 0)
        for first in range(0, len(paths), BATCH):
            images, ahead = ahead, batch(pool, first + BATCH)
            pixels = np.stack([image.result() for image in images]).astype(np.float32)
            pixels = (pixels / 255 - 0.5) / 0.5
            embeddings = session.run(None, {entry: np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))})[0]
            rows.append(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))
    np.save(out, np.concatenate(rows))


def timed(command):
    """Seconds, and the largest resident memory in MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def main():
    program, model, onnx, folder = sys.argv[1:5]
    images = sorted(path for path in glob.glob(os.path.join(folder, "**"), recursive=True)
                    if re.search(r"\.(jpe?g|png)$", path))
    images *= int(sys.argv[5]) if len(sys.argv) > 5 else 1
    with tempfile.TemporaryDirectory() as scratch:
        listing = os.path.join(scratch, "images.txt")
        with open(listing, "w") as file:
            file.write("\n".join(images) + "\n")

        def ours(precision):
            return [program, "embed", "--model", model, listing, "--precision", precision, "--force", "--out",
                    os.path.join(scratch, "ours.npy")]

        commands = {
            "onnxruntime fp32": [sys.executable, __file__, "--peer", onnx, listing, os.path.join(scratch, "peer.npy")],
            "facerec fp32": ours("fp32"),
            "facerec bf16": ours("bf16"),
        }
        rounds = [{name: timed(command) for name, command in commands.items()} for _ in range(ROUNDS)]
    for name in commands:
        rate = statistics.median(len(images) / each[name][0] for each in rounds)
        ratios = [each["onnxruntime fp32"][0] / each[name][0] for each in rounds]
        memory = max(each[name][1] for each in rounds)
        print(f"{name:18} {rate:8.1f} images/s  {statistics.median(ratios):5.2f} "
              f"({min(ratios):.2f} to {max(ratios):.2f})  {memory:6.0f} MiB", flush=True)


if sys.argv[1] == "--peer":
    peer(*sys.argv[2:])
else:
    main()
