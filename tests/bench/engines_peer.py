#!/usr/bin/env python3
"""Engines beside ONNX Runtime, in turns, on the same cores.

    engines_peer.py ENGINES MODEL ONNX BATCH…

ENGINES is the program `engines` of this folder, MODEL a model file and ONNX what `facerec export MODEL ONNX` wrote. Needs
numpy and onnxruntime. Each line is a median over rounds of images a second, in the fastest batch of a round, and of the
ratio to ONNX Runtime in fp32.
"""
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import onnxruntime

ROUNDS = 3
SECONDS = 2
THREADS = len(os.sched_getaffinity(0))


def peer(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]

    def images_per_second(batch):
        images = np.random.default_rng(1).uniform(-1, 1, (batch, *entry.shape[1:])).astype(np.float32)
        session.run(None, {entry.name: images})
        times, end = [], time.perf_counter() + SECONDS
        while len(times) < 3 or time.perf_counter() < end:
            begin = time.perf_counter()
            session.run(None, {entry.name: images})
            times.append(time.perf_counter() - begin)
        return batch / min(times)

    return images_per_second


def ours(program, model, batch):
    line = subprocess.run([program, model, str(4 * SECONDS), str(THREADS), str(batch)], capture_output=True, text=True,
                          check=True).stdout.split()
    return {name: float(rate) for name, rate in zip(line[3::2], line[4::2])}


def main():
    program, model, onnx, *batches = sys.argv[1:]
    yardstick = peer(onnx)
    for batch in map(int, batches):
        rounds = []
        for _ in range(ROUNDS):
            before, rates, after = yardstick(batch), ours(program, model, batch), yardstick(batch)
            rounds.append({"onnxruntime_fp32": (before + after) / 2} | rates)
        for name in rounds[0]:
            rate = statistics.median(each[name] for each in rounds)
            ratio = statistics.median(each[name] / each["onnxruntime_fp32"] for each in rounds)
            print(f"batch {batch:3} {name:18} {rate:8.1f} images/s {ratio:6.2f}", flush=True)


main()
