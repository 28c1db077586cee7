"""Hands every published network through facerec and checks it with the libraries that others use.

    python tests/interop/check_exports.py build/release/bin/facerec REFERENCE [NAME…]

REFERENCE is the folder that has numerics/backbones. For each network a .pth is written by PyTorch, each tensor filled from a
hash of its name (mix below); facerec exports it as .pth, .safetensors and .onnx (BatchNorm folded and not). PyTorch
must read the .pth with weights_only=True and mmap, with the published keys in order and the same values; ONNX Runtime
must compute the published output, to 1e-5 of its largest value, for batches of 2 and 1. Needs torch, numpy,
onnxruntime and onnx.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import zlib

import numpy as np
import onnx
import onnxruntime
import torch

# Where the published preprocessing or architecture cannot be seen in the file.
OPTIONS = {"facex_efficientnet_b0_dynamic": ["--arch", "efficientnet_b0_facex_same"],
           "ifp_ir_se_50": ["--publisher", "insightface_pytorch"],
           "ifp_mobilefacenet": ["--publisher", "insightface_pytorch"],
           "xue_mobilefacenet": ["--publisher", "mobilefacenet_tutorial"]}


def mix(key, count):
    i = np.arange(count, dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    x = (np.uint64(zlib.crc32(key.encode())) + i * np.uint64(0x9E3779B9)) & mask
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x7FEB352D)) & mask
    x = ((x ^ (x >> np.uint64(15))) * np.uint64(0x846CA68B)) & mask
    x ^= x >> np.uint64(16)
    return (x.astype(np.float64) + 0.5) / 2147483648 - 1


def filled(entry, gain):
    key, shape, kind = entry["key"], entry["shape"], entry["kind"]
    if kind == "num_batches_tracked":
        return torch.zeros(shape, dtype=torch.int64)
    v = mix(key, int(np.prod(shape)))
    if kind == "weight":
        v = v * gain * np.sqrt(2 / np.prod(shape[1:]))
    elif kind in ("bn_weight", "running_var"):
        v = 1 + 0.1 * v
    elif kind == "prelu_weight":
        v = 0.25 + 0.05 * v
    else:
        v = 0.1 * v
    return torch.from_numpy(v.astype(np.float32).reshape(shape))


def relative(got, expected):
    return float(np.abs(got.astype(np.float64) - expected).max() / np.abs(expected).max())


def read_output(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    entry = header["mix.f64.output"]
    begin, end = entry["data_offsets"]
    dtype = {"F64": np.float64, "F32": np.float32}[entry["dtype"]]
    output = np.frombuffer(data[8 + length + begin:8 + length + end], dtype).reshape(entry["shape"]).astype(np.float64)
    norm = header.get("mix.f64.norm")
    if norm:  # AdaFace returns the direction and the norm
        begin, end = norm["data_offsets"]
        output = output * np.frombuffer(data[8 + length + begin:8 + length + end], dtype).reshape(norm["shape"])
    return output


def check(facerec, folder, name, work):
    golden = json.loads((folder / f"{name}.json").read_text())
    state = {entry["key"]: filled(entry, golden["mix_weight_gain"]) for entry in golden["state_dict"]}
    source = work / f"{name}.pth"
    torch.save(state, source, _use_new_zipfile_serialization=len(state) % 2 == 0)
    written = {}
    for suffix, more in ((".pth", []), (".safetensors", []), (".onnx", []), (".folded.onnx", ["--fold-batch-norm"])):
        written[suffix] = work / f"out{suffix}"
        command = [facerec, "export", source, written[suffix], "--force", *more, *OPTIONS.get(name, [])]
        outcome = subprocess.run(command, capture_output=True, text=True)
        assert outcome.returncode == 0, outcome.stderr

    again = torch.load(written[".pth"], weights_only=True, mmap=True)
    assert list(again) == list(state), "keys or their order"
    for key, tensor in state.items():
        assert again[key].dtype == tensor.dtype and torch.equal(again[key], tensor), key

    height, width = golden["input_size"]
    image = mix("input", 2 * 3 * height * width).astype(np.float32).reshape(2, 3, height, width)
    expected = read_output(folder / f"{name}.safetensors")
    worst = 0
    for suffix in (".onnx", ".folded.onnx"):
        onnx.checker.check_model(onnx.load(written[suffix]), full_check=True)
        runtime = onnxruntime.InferenceSession(written[suffix], providers=["CPUExecutionProvider"])
        feed = runtime.get_inputs()[0].name
        for batch in (image, image[:1]):
            got = runtime.run(None, {feed: batch})[0]
            worst = max(worst, relative(got, expected[:len(batch)]))
    assert worst <= 1e-5, worst
    properties = {item.key: item.value for item in onnx.load(written[".onnx"]).metadata_props}
    print(f"{name:32} {properties['architecture']:28} {len(state):4} tensors equal; ONNX Runtime {worst:.1e}", flush=True)


def main():
    facerec, folder = sys.argv[1], pathlib.Path(sys.argv[2]) / "numerics" / "backbones"
    names = sys.argv[3:] or sorted(p.stem for p in folder.glob("*.json") if not p.stem.endswith(".train"))
    with tempfile.TemporaryDirectory() as work:
        for name in names:
            check(facerec, folder, name, pathlib.Path(work))
    print(f"{len(names)} networks")


main()
