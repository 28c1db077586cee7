#!/usr/bin/env python3
"""Trains a head of a million identities on the CPU with PartialFC, and compares the memory with what was planned.

    tests/bench/million.py build/release/bin/facerec [IDENTITIES]

Takes 14 GB of memory, 8 GB of disk and two minutes. Exit code 1: the peak differs from the plan by more than 15 %.
"""
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

facerec = pathlib.Path(sys.argv[1]).resolve()
identities = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
units = {"kB": 1e3, "MB": 1e6, "GB": 1e9}

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    subprocess.run([facerec, "synth", "faces", "--identities", "50", "--images-per-identity", "4", "--pairs", "0"],
                   check=True, capture_output=True)
    images = sorted(pathlib.Path("faces/train").glob("*/*.jpg"))
    with open("identities.csv", "w") as rows:
        rows.write("file,identity\n")
        rows.writelines(f"{images[i % len(images)]},p{i}\n" for i in range(identities))
    pathlib.Path("config.yaml").write_text(
        "data: {train: [{path: identities.csv, columns: {file: file, identity: identity}}]}\n"
        "model: {name: mbf, dropout: 0}\n"
        "head: {name: arcface, sample_rate: 0.1}\n"
        "train: {batch_size: 64, max_steps: 15, precision: fp32, memory_format: channels_last}\n"
        "checkpoint: {every_steps: 5, keep: 1}\n"
        "run: {dir: runs, name: million, device: cpu}\n")
    outcome = subprocess.run([facerec, "train", "config.yaml", "--json"], check=True, capture_output=True, text=True,
                             env=dict(os.environ, OMP_WAIT_POLICY="passive"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    sum_of_plan = re.search(r"\n +sum +([0-9.]+) (kB|MB|GB)", outcome.stderr)
    planned = float(sum_of_plan[1]) * units[sum_of_plan[2]]
    answer = json.loads(outcome.stdout)
    stalls = re.findall(r"for (\d+) ms of them training stood still", outcome.stderr)
    print(f"{identities} identities: {answer['images_per_second']:.1f} images/s, "
          f"planned {planned / 1e9:.2f} GB, peak {peak / 1e9:.2f} GB, ratio {peak / planned:.3f}, "
          f"checkpoints stalled for {', '.join(stalls)} ms")
    sys.exit(0 if abs(peak / planned - 1) <= 0.15 else 1)
