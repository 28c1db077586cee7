"""Compares what TensorBoard reads of a run with the run's metrics.jsonl.

    python tests/interop/check_events.py build/release/bin/facerec

A small network is trained on synthetic faces, killed with -9 behind its first checkpoint, and resumed. After the kill
and at the end, TensorBoard's reader must have every scalar of metrics.jsonl in its place, once, and no others: what the
killed process had told of steps behind the checkpoint is forgotten. Needs tensorboard.
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

NO_SCALARS = ("step", "seconds")


def logged(run):
    """{tag: [(step, value)]} of metrics.jsonl; a line that a kill cut off is left out."""
    tags = {}
    for text in (run / "metrics.jsonl").read_text().splitlines(keepends=True):
        if not text.endswith("\n"):
            continue
        line = json.loads(text)
        group = next((kind for kind in ("validation", "checkpoint") if kind in line), "train")
        for key, value in line.items():
            values = value if isinstance(value, dict) else {key: value} if key not in NO_SCALARS else {}
            for name, number in values.items():
                number = float("nan") if number is None else number
                tags.setdefault(f"{group}/{name}", []).append((line["step"], np.float32(number)))
    return tags


def read_by_tensorboard(run):
    events = EventAccumulator(str(run), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: [(event.step, np.float32(event.value)) for event in events.Scalars(tag)]
            for tag in events.Tags()["scalars"]}


def check(run, what):
    wanted, found = logged(run), read_by_tensorboard(run)
    assert wanted.keys() == found.keys(), wanted.keys() ^ found.keys()
    for tag, points in wanted.items():
        np.testing.assert_array_equal(np.array(points), np.array(found[tag]), tag)
    print(f"{what}: {sum(map(len, wanted.values()))} values of {len(wanted)} tags, "
          f"up to step {max(points[-1][0] for points in wanted.values())}")


def wait_for_step(run_folders, step):
    for _ in range(1200):
        time.sleep(0.05)
        for metrics in run_folders.glob("*/metrics.jsonl"):
            if f'"step":{step},' in metrics.read_text():
                return metrics.parent
    raise SystemExit("the training does not get on")


def main(facerec):
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        subprocess.run([facerec, "synth", work / "faces", "--identities", "4", "--images-per-identity", "4", "--size",
                        "32", "--pairs", "20"], check=True, capture_output=True)
        config = work / "small.yaml"
        config.write_text("model: {name: ir_tiny, embedding_size: 16, input: [32, 32]}\n"
                          "loss: {metric: [{name: triplet, weight: 0.5}]}\n"
                          "train: {epochs: 100000, batch_size: 8, log_every: 1}\n"
                          "checkpoint: {every_steps: 20}\n"
                          f"validation: {{every_steps: 15, data: [{{path: {work}/faces/eval}}]}}\n"
                          f"run: {{dir: {work}/runs, device: cpu}}\n")
        train = [facerec, "train", config, "--data", work / "faces/train", "--quiet"]
        process = subprocess.Popen(train)
        run = wait_for_step(work / "runs", 33)
        process.send_signal(signal.SIGKILL)
        process.wait()
        check(run, "killed")
        subprocess.run([*train, "--resume", run, "--set", "train.max_steps=60"], check=True, stdout=subprocess.DEVNULL)
        check(run, "resumed")


if __name__ == "__main__":
    main(sys.argv[1])
