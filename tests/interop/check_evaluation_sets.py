"""Reads evaluation sets with the libraries that others use, and compares two.

    python tests/interop/check_evaluation_sets.py WRITTEN EXPECTED

WRITTEN is what facerec wrote, EXPECTED what it was made from: each an InsightFace .bin, or a bcolz folder with its
_list.npy beside it. The flags of pairs must be equal, and the pixels too unless both images are JPEG; two .bin files
must hold the same bytes. Needs numpy, and Pillow for .bin. bcolz folders are read by bcolz 1.2.1 where it is installed,
else chunk by chunk with blosc.
"""

import io
import json
import math
import pathlib
import pickle
import sys

import numpy as np


def bcolz_array(folder):
    try:
        import bcolz
        array = bcolz.carray(rootdir=str(folder), mode="r")
        return array[:], f"bcolz {bcolz.__version__}"
    except ImportError:
        import blosc
        shape = json.loads((folder / "meta/sizes").read_text())["shape"]
        storage = json.loads((folder / "meta/storage").read_text())
        chunks = math.ceil(shape[0] / storage["chunklen"])
        assert len(list((folder / "data").iterdir())) == chunks, "another number of chunks than meta/ tells"
        parts = [blosc.decompress((folder / f"data/__{i}.blp").read_bytes()[16:]) for i in range(chunks)]
        return np.frombuffer(b"".join(parts), storage["dtype"]).reshape(shape), f"blosc {blosc.__version__}"


def read_bcolz(folder):
    array, library = bcolz_array(folder)
    assert array.dtype == np.float32 and array.shape[1:] == (3, 112, 112), (array.dtype, array.shape)
    pixels = np.rint((array * 0.5 + 0.5) * 255).astype(np.uint8)
    again = ((pixels.astype(np.float32) / 255 - 0.5) / 0.5).astype(np.float32)
    assert np.array_equal(again, array), "values that are not (x/255 - 0.5)/0.5"
    same = np.load(str(folder) + "_list.npy")
    assert same.dtype == bool and same.shape == (len(array) // 2,), (same.dtype, same.shape)
    return [image[::-1].transpose(1, 2, 0) for image in pixels], None, same.tolist(), library


def read_pack(path):
    from PIL import Image
    with path.open("rb") as file:
        images, same = pickle.load(file, encoding="bytes")
    assert all(isinstance(flag, (bool, np.bool_)) for flag in same) and len(images) == 2 * len(same)
    encoded = [bytes(image) for image in images]
    pixels = [np.asarray(Image.open(io.BytesIO(image)).convert("RGB")) for image in encoded]
    return pixels, encoded, [bool(flag) for flag in same], f"pickle of Python {sys.version.split()[0]}"


def read(path):
    path = pathlib.Path(path)
    return read_bcolz(path) if path.is_dir() else read_pack(path)


def main(written, expected):
    pixels, encoded, same, library = read(written)
    wanted_pixels, wanted_encoded, wanted_same, _ = read(expected)
    assert same == wanted_same, "other flags"
    assert len(pixels) == len(wanted_pixels), "another number of images"
    if encoded and wanted_encoded:
        assert encoded == wanted_encoded, "other bytes"
    # Decoders of JPEG differ by 1 a value.
    tolerance = 1 if any(image[:2] == b"\xff\xd8" for image in (encoded or wanted_encoded or [])) else 0
    worst = max(int(np.abs(a.astype(int) - b).max()) for a, b in zip(pixels, wanted_pixels))
    assert worst <= tolerance, f"pixels differ by {worst}"
    print(f"{written}: {len(same)} pairs as in {expected}, read by {library}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
