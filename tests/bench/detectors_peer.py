#!/usr/bin/env python3
"""Detectors beside their Python originals on photographs of 640 pixels in width, in turns, on the same cores.

    detectors_peer.py DETECTORS WEIGHTS RETINAFACE IMAGE…

DETECTORS is the program `detectors` of this folder, WEIGHTS a folder as `facerec models download` fills it, RETINAFACE a
clone of biubug6/Pytorch_Retinaface. Needs torch, torchvision, facenet-pytorch, opencv-python-headless and Pillow. Each line
is a median over rounds of milliseconds an image, from decoded pixels to faces; the last columns are the ratio and its
spread over the rounds. YuNet is compared with the bare forward of OpenCV's dnn at 640×640.
"""
import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import cv2
import numpy as np
import torch
from PIL import Image

ROUNDS = 5
THREADS = len(os.sched_getaffinity(0))


def milliseconds(detect, images):
    begin = time.perf_counter()
    for image in images:
        detect(image)
    return (time.perf_counter() - begin) * 1e3 / len(images)


def mtcnn():
    from facenet_pytorch import MTCNN
    detector = MTCNN(keep_all=True, device="cpu")
    return lambda image: detector.detect(Image.fromarray(image), landmarks=True)


def retinaface(repository, weights):
    """The steps of its detect.py; the network alone as the second function."""
    sys.path.insert(0, repository)
    from data import cfg_mnet
    from layers.functions.prior_box import PriorBox
    from models.retinaface import RetinaFace
    from utils.box_utils import decode, decode_landm
    from utils.nms.py_cpu_nms import py_cpu_nms
    network = RetinaFace(cfg=cfg_mnet, phase="test")
    state = torch.load(os.path.join(weights, "retinaface/mobilenet0.25_Final.pth"), map_location="cpu", weights_only=False)
    network.load_state_dict({key.removeprefix("module."): value for key, value in state.items()}, strict=False)
    network.eval()

    def forward(image):
        pixels = np.float32(image[:, :, ::-1]) - (104, 117, 123)
        return network(torch.from_numpy(np.float32(pixels.transpose(2, 0, 1))).unsqueeze(0))

    def detect(image):
        location, confidence, landmarks = forward(image)
        height, width = image.shape[:2]
        priors = PriorBox(cfg_mnet, image_size=(height, width)).forward()
        boxes = (decode(location[0], priors, cfg_mnet["variance"]) * torch.tensor([width, height] * 2)).numpy()
        points = (decode_landm(landmarks[0], priors, cfg_mnet["variance"]) * torch.tensor([width, height] * 5)).numpy()
        scores = confidence[0].numpy()[:, 1]
        chosen = np.where(scores > 0.02)[0]
        order = chosen[scores[chosen].argsort()[::-1][:5000]]
        found = np.hstack((boxes[order], scores[order, None])).astype(np.float32)
        return np.concatenate((found, points[order]), axis=1)[py_cpu_nms(found, 0.4)]

    return detect, forward


def compare(name, program, detector, weights, files, images, peer):
    ours, theirs = [], []
    for _ in range(ROUNDS):
        out = subprocess.run([program, detector, weights, "3", str(THREADS), *files], check=True, capture_output=True)
        ours.append(float(out.stdout))
        theirs.append(peer())
    ratios = [b / a for a, b in zip(ours, theirs)]
    print(f"{name:34} {statistics.median(ours):8.2f} ms  peer {statistics.median(theirs):8.2f} ms  "
          f"{statistics.median(ratios):5.2f}x ({min(ratios):.2f}-{max(ratios):.2f})", flush=True)


def main():
    program, weights, repository, *files = sys.argv[1:]
    torch.set_num_threads(THREADS)
    images = []
    for file in files:
        image = cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB)
        images.append(cv2.resize(image, (640, image.shape[0] * 640 // image.shape[1]), interpolation=cv2.INTER_AREA))
    at = lambda path: os.path.join(weights, path)
    yunet = at("yunet/face_detection_yunet_2023mar.onnx")

    def opencv():
        return float(subprocess.run([program, "opencv_dnn", yunet, "15", str(THREADS)], check=True, capture_output=True).stdout)

    with torch.inference_mode():
        for detect, name, detector, path in (
                (mtcnn(), "mtcnn / facenet-pytorch", "mtcnn", at("mtcnn")),
                (retinaface(repository, weights)[0], "retinaface / its detect.py", "retinaface",
                 at("retinaface/mobilenet0.25_Final.pth")),
                (retinaface(repository, weights)[1], "retinaface / its forward alone", "retinaface",
                 at("retinaface/mobilenet0.25_Final.pth"))):
            milliseconds(detect, images)
            compare(name, program, detector, path, files, images, lambda: milliseconds(detect, images))
        compare("yunet / cv::dnn forward", program, "yunet", yunet, files, images, opencv)


main()
