"""Prints what TensorFlow reads in a record file of images, a JSON object a line.

    python tests/interop/check_tfrecord.py FILE [GZIP|ZLIB]

label, filename, and the first 16 digits of the image's SHA-256; img_path in place of these two where the record has a
path. For comparing with what facerec wrote or reads. Needs tensorflow.
"""

import hashlib
import json
import sys

import tensorflow as tf

FEATURES = {"label": "image/source_id", "filename": "image/filename", "sha256": "image/encoded",
            "img_path": "image/img_path"}


def row_of(record):
    features = tf.train.Example.FromString(record).features.feature
    row = {}
    for name, feature in FEATURES.items():
        if feature not in features:
            continue
        if name == "label":
            (row[name],) = features[feature].int64_list.value
            continue
        (value,) = features[feature].bytes_list.value
        row[name] = hashlib.sha256(value).hexdigest()[:16] if name == "sha256" else value.decode()
    return row


def main():
    for record in tf.data.TFRecordDataset(sys.argv[1], compression_type=sys.argv[2] if len(sys.argv) > 2 else ""):
        print(json.dumps(row_of(record.numpy()), ensure_ascii=False))


if __name__ == "__main__":
    main()
