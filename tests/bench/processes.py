#!/usr/bin/env python3
"""How fast N processes of one thread train beside one process of N threads, and whether they learn the same.

    tests/bench/processes.py build/release/bin/facerec [N] [MODEL ...]

Synthetic faces of 112×112 pixels, fp32; the runs alternate, three of each, and the medians are compared. Losses are
those with batch norms over all images: only there the processes compute what one does.
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

    def train(model, count, sync):
        """Images a second, and the losses."""
        settings = [f"model.name={model}", "model.dropout=0", f"train.batch_size={batch}", f"train.max_steps={steps}",
                    "train.precision=fp32", "train.memory_format=channels_last", "train.log_every=1",
                    f"train.sync_batch_norm={sync}", "optimizer.lr=0.0001", "checkpoint.every_steps=1000000",
                    "data.workers=1", "run.device=cpu"]
        pathlib.Path("empty.yaml").write_text("run: {dir: runs}\n")
        arguments = ["train", "empty.yaml", "--data", "faces/train", "--json", "--threads", str(processes // count)]
        for setting in settings:
            arguments += ["--set", setting]
        answer = json.loads(run(*arguments, "--nproc", str(count)))
        lines = (pathlib.Path(answer["run"]) / "metrics.jsonl").read_text().splitlines()
        return answer["images_per_second"], [json.loads(line)["loss"] for line in lines if "loss" in line]

    ways = {"alone": (1, "false"), "together": (processes, "false"), "together, batch norms over all": (processes, "true")}
    for model in models:
        speeds, losses = {way: [] for way in ways}, {}
        for _ in range(rounds):
            for way, (count, sync) in ways.items():
                speed, losses[way] = train(model, count, sync)
                speeds[way].append(speed)
        alone, *together = (statistics.median(speeds[way]) for way in ways)
        *_, last = ways
        apart = [abs(a - b) / abs(a) for a, b in zip(losses["alone"], losses[last])]
        print(f"{model}: 1 process of {processes} threads {alone:.1f} images/s, {processes} processes of 1 thread "
              f"{together[0]:.1f} ({together[0] / alone:.2f}), with batch norms over all images {together[1]:.1f} "
              f"({together[1] / alone:.2f}); these losses are {apart[0]:.1e} apart in the first step and at most "
              f"{max(apart):.1e} (relative)")
