#!/usr/bin/env python3
"""How fast N processes of one thread train beside one process of N threads, and whether they learn the same.

    tests/bench/processes.py build/release/bin/facerec [N] [MODEL ...]

Synthetic faces of 112×112 pixels, fp32, batch norms over all images; the runs alternate, three of each, and the
medians are compared. Losses are compared over all steps at a rate at which rounding does not steer the training.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

facerec = pathlib.Path(sys.argv[1]).resolve()
processes = int(sys.argv[2]) if len(sys.argv) > 2 else 2
models = sys.argv[3:] or ["mbf"]
batch, steps, rounds = 32, 12, 3

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    environment = dict(os.environ, OMP_WAIT_POLICY="passive")

    def run(*arguments):
        return subprocess.run([facerec, *arguments], check=True, capture_output=True, text=True, env=environment).stdout

    run("synth", "faces", "--identities", "100", "--images-per-identity", "8", "--pairs", "0")

    def train(model, count):
        """Images a second, and the losses."""
        settings = [f"model.name={model}", "model.dropout=0", f"train.batch_size={batch}", f"train.max_steps={steps}",
                    "train.precision=fp32", "train.memory_format=channels_last", "train.log_every=1",
                    "train.sync_batch_norm=true", "optimizer.lr=0.0001", "checkpoint.every_steps=1000000",
                    "data.workers=1", "run.device=cpu"]
        pathlib.Path("empty.yaml").write_text("run: {dir: runs}\n")
        arguments = ["train", "empty.yaml", "--data", "faces/train", "--json", "--threads", str(processes // count)]
        for setting in settings:
            arguments += ["--set", setting]
        answer = json.loads(run(*arguments, "--nproc", str(count)))
        lines = (pathlib.Path(answer["run"]) / "metrics.jsonl").read_text().splitlines()
        return answer["images_per_second"], [json.loads(line)["loss"] for line in lines if "loss" in line]

    for model in models:
        speeds = {1: [], processes: []}
        losses = {}
        for _ in range(rounds):
            for count in speeds:
                speed, losses[count] = train(model, count)
                speeds[count].append(speed)
        alone, together = (statistics.median(speeds[count]) for count in (1, processes))
        apart = max(abs(a - b) / abs(a) for a, b in zip(losses[1], losses[processes]))
        print(f"{model}: 1 process of {processes} threads {alone:.1f} images/s, {processes} processes of 1 thread "
              f"{together:.1f} images/s, ratio {together / alone:.2f}; losses at most {apart:.1e} apart (relative)")
