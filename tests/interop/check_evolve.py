"""Reads what `facerec export --layout face.evolve` writes as face.evoLVe would: with torch.load and SGD.load_state_dict.

    python tests/interop/check_evolve.py build/release/bin/facerec

A small IR network is trained for two steps on synthetic faces and exported. torch.load(weights_only=True) must read the
three files; the optimizer's state must fit torch.optim.SGD over the parameters in face.evoLVe's order (what is no
BatchNorm, the head, BatchNorm), by numbers and shapes, and a step must go. Needs torch.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import torch


def run(facerec, *arguments):
    return subprocess.run([facerec, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def parameters(backbone, head):
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    norms = {key.rsplit(".", 1)[0] for key in backbone if key.endswith("running_mean")}
    learnt = {key: value for key, value in backbone.items() if not key.endswith(statistics)}
    with_decay = [value for key, value in learnt.items() if key.rsplit(".", 1)[0] not in norms] + list(head.values())
    only_norms = [value for key, value in learnt.items() if key.rsplit(".", 1)[0] in norms]
    return [[torch.nn.Parameter(value.clone()) for value in group] for group in (with_decay, only_norms)]


def main(facerec):
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        run(facerec, "synth", work / "faces", "--identities", 4, "--images-per-identity", 4, "--size", 32, "--pairs", 0)
        config = work / "small.yaml"
        config.write_text("model: {name: ir_tiny, embedding_size: 16, input: [32, 32]}\n"
                          "optimizer: {name: sgd, nesterov: true}\n"
                          f"train: {{batch_size: 8, max_steps: 2}}\nrun: {{dir: {work}/runs, device: cpu}}\n")
        trained = json.loads(run(facerec, "train", config, "--data", work / "faces/train", "--json"))
        files = json.loads(run(facerec, "export", trained["run"], work / "evolve", "--layout", "face.evolve", "--json"))
        print("\n".join(files[kind] for kind in ("backbone", "head", "optimizer")))
        backbone, head, state = (torch.load(files[kind], weights_only=True)
                                 for kind in ("backbone", "head", "optimizer"))
        groups = parameters(backbone, head)
        optimizer = torch.optim.SGD([{"params": groups[0], "weight_decay": 5e-4}, {"params": groups[1]}], lr=0.1,
                                    momentum=0.9)
        optimizer.load_state_dict(state)
        assert optimizer.param_groups[0]["nesterov"] and optimizer.param_groups[0]["weight_decay"] == 5e-4
        assert optimizer.param_groups[1]["weight_decay"] == 0
        for parameter in groups[0] + groups[1]:
            momentum = optimizer.state[parameter]["momentum_buffer"]
            assert momentum.shape == parameter.shape and momentum.abs().max() > 0
            parameter.grad = torch.zeros_like(parameter)
        before = groups[0][0].clone()
        optimizer.step()
        assert not torch.equal(before, groups[0][0]), "momentum moves it"
        print(f"{len(groups[0])} + {len(groups[1])} parameters: as face.evoLVe has them")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
