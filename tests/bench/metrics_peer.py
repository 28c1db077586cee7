#!/usr/bin/env python3
"""ROC, AUC and k-fold accuracy beside scikit-learn and NumPy, in turns, of the same scores.

    metrics_peer.py METRICS [COUNT…]

METRICS is the program `metrics` of this folder; COUNT defaults to 1,000,000 and 10,000,000. Needs numpy and scikit-learn. The
k-fold accuracy of the peer is arcface_torch's: pairs × thresholds × folds. Printed are medians of seconds over rounds, and of
the ratio.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve

ROUNDS = 3
FOLDS = 10


def kfold_accuracy(distance, same):
    """What arcface_torch computes, its inner loops in NumPy as there; one fold, to be multiplied."""
    training = np.arange(len(same)) >= len(same) // FOLDS
    correct = [np.sum((distance[training] < threshold) == same[training]) for threshold in np.arange(0, 4, 0.01)]
    return np.argmax(correct)


def seconds_of(work):
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def ours(program, folder):
    text = subprocess.run([program, "figures", folder], check=True, capture_output=True, text=True).stdout
    return {line[:24].strip(): float(line[24:]) for line in text.splitlines()}


def compare(program, count, folder):
    random = np.random.default_rng(count)
    same = np.arange(count) % 2 == 0
    cosine = np.clip(random.normal(np.where(same, 0.4, 0), 0.12), -1, 1)
    cosine.tofile(os.path.join(folder, "cosine.f64"))
    same.astype(np.uint8).tofile(os.path.join(folder, "same.u8"))
    rows = {"ROC and AUC": [], "k-fold accuracy": []}
    for _ in range(ROUNDS):
        mine = ours(program, folder)
        curve, _ = seconds_of(lambda: roc_curve(same, cosine))
        area, auc = seconds_of(lambda: roc_auc_score(same, cosine))
        assert abs(auc - mine["value of the AUC"]) < 1e-9
        rows["ROC and AUC"].append((mine["ROC"] + mine["AUC"], curve + area))
        if count <= 1_000_000:
            one_fold, _ = seconds_of(lambda: kfold_accuracy(2 - 2 * cosine, same))
            rows["k-fold accuracy"].append((mine["k-fold accuracy"], FOLDS * one_fold))
    for name, times in rows.items():
        if times:
            own, other = (statistics.median(column) for column in zip(*times))
            ratio = statistics.median(theirs / mine for mine, theirs in times)
            print(f"{count:>12,} {name:<16} {own:8.3f} s, peer {other:8.3f} s, ratio {ratio:7.1f}", flush=True)
    print(f"{count:>12,} {'all figures':<16} {mine['all figures']:8.3f} s", flush=True)


def main():
    counts = [int(text) for text in sys.argv[2:]] or [1_000_000, 10_000_000]
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            compare(sys.argv[1], count, folder)


if __name__ == "__main__":
    main()
