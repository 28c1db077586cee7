// Whole data sets from photographs to aligned crops: what `facerec align` does.
//
// The summary, align.json, is a contract with scripts: one JSON document, lengths in pixels of the image after EXIF
// rotation, undefined values null.
//
//     {"schema": 1, "in", "out", "format",
//      "options": {…, "detector", "weights": [{"file", "sha256"}], "landmarks", …},  all that decides the crops
//      "shard": [index, count],             null: all images
//      "counts": {"images", "aligned", "fallback", "no_face", "failed", "faces", "crops"},
//                                           images = aligned + fallback + no_face + failed
//      "pairs": {"pairs", "missing", "file"},  of an evaluation set; missing: without a crop of both images; file:
//                                           pairs.txt or Protocol beside the crops, null of a packed set; else null
//      "left_out": {"count", "first": [{"image", "reason"}]},        what opening the data set could not use
//      "without_crop": [{"image", "status", "reason"}],              every image that gave none
//      "images": [                          one a line, in the order of the data set
//        {"image",                          its place in the data set: "identity/file.jpg"
//         "status": "aligned" | "fallback" | "no_face" | "failed",
//         "reason",                         why these crops, or why none
//         "width", "height",                null where it could not be decoded
//         "faces": [{"box": [x1, y1, x2, y2], "score", "landmarks": [[x, y] × 5],
//                    "yaw", "pitch", "roll",                         degrees, see facerec/face/quality.h
//                    "rejected"}],          why it cannot be chosen; null: it can
//         "crops": [{"face",                its number in `faces`; null: of the image's centre
//                    "file",                below the folder of the crops; of a packed set its name there
//                    "matrix": [6 numbers], Similarity::matrix; null of the centre
//                    "sharpness"}]}         variance of the Laplacian of the grey crop
//      ]}
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "facerec/data/config.h"
#include "facerec/face/aligner.h"
#include "facerec/face/detector.h"

namespace facerec {

// What is aligned: a folder of images at any depth, a single image, a list or CSV file, RecordIO, TFRecord; an
// evaluation set: .bin, bcolz, CFP, a folder of images with pairs.
struct AlignInput {
  TrainingSetConfig set;
  std::string root;  // what relative paths in lists and records are below
  fs::path pairs;    // list of pairs of a folder; "": its own, if it has one: pairs_list_in()
};

// A part of the work, for several processes or machines: the images are cut into `count` runs of equal length.
struct Shard {
  int64_t index = 1;  // 1 … count
  int64_t count = 1;
};

struct AlignOptions {
  std::string format = "folder";  // folder, list, recordio, tfrecord; bin, bcolz for evaluation sets
  std::string detector;           // what the summary calls it
  std::vector<fs::path> weights;  // files that it computes with: detector_files()
  std::string landmarks;          // what open_landmarks() reads, in place of the detector; "": none
  SelectionOptions selection;
  CropShape crop;
  int jpeg_quality = 0;  // 1 … 100 of the crops; 0: PNG
  int threads = 0;       // images that are worked on at a time, each thread with a detector; 0: the cores available
  Shard shard;           // of format folder alone
  fs::path preview;      // a PNG (.png) that shows a sample of the images with what was found; "": none
  int preview_images = 24;
  bool skip_missing = false;  // of an evaluation set: leave out the pairs of images without a crop
  bool strict = false;        // stop at the first image that gives no crop
  bool resume = false;        // go on with what an earlier call has begun
  bool force = false;         // replace what an earlier call has written: in a folder what its journal and summary name
};

struct AlignCounts {
  int64_t images = 0, aligned = 0, fallback = 0, no_face = 0, failed = 0;
  int64_t faces = 0;  // found, not all of them chosen
  int64_t crops = 0;
};

struct AlignSummary {
  AlignCounts counts;
  int64_t left_out = 0;        // images that opening the data set could not use
  fs::path file;               // align.json
  int64_t missing_pairs = 0;   // with skip_missing
  int64_t done_before = 0;     // images that earlier calls had done
  bool already_there = false;  // an earlier call has finished it
  int signal = 0;              // that stopped it; `resume` goes on
};

using AlignProgress = std::function<void(int64_t done, int64_t total)>;  // images

// Aligns `input` into `out`.
//
//     folder    out/<path of the image, with .png or .jpg for its extension>; with FaceChoice::all <path>_0.png, _1 …
//               of every image, in the order of the choice. A folder of images keeps its tree; of other sets the path
//               is identity/file. Of two crops that would have one name the second gets its image's number behind it.
//               pairs.txt or CFP's Protocol come along, so that the folder is an evaluation set again.
//     list      out.txt, a line `path label` a crop, and the crops in the folder `out`
//     others    as pack_training_set() and pack_evaluation_set() write them, in a second pass that cuts the crops again
//
// Images are read, and appear in the summary, in the order of the data set, and results do not depend on the number of
// threads. Crops are whole or absent. Where the work stands is kept in out/.align, for other formats out.align; a call
// that was killed has lost at most some seconds of it. The summary is out/align.json (align.2-of-4.json of a shard),
// for other formats out.align.json; it is there only when all is done.
//
// What is wrong with a single image, a detector's Error with it among that, is told in the summary. Throws a usage
// Error when `out` is there and may not be replaced: without `force`, or when no call of this has made it; when it was
// begun with other input or options, or another number of shards; when another process works in it; when input and
// output lie inside each other, or pairs, landmarks or weights inside the output; when the preview is there already
// (without `force`), lies in one of the two, or has no folder.
// Throws Error, at the end, when no image gave a crop, and when images that pairs name gave none (unless skip_missing).
AlignSummary align_images(const AlignInput& input, const fs::path& out, const AlignOptions& options,
                          const DetectorFactory& open, const AlignProgress& progress);

// Photographs are decoded at 1/2, 1/4 or 1/8 of their size to be looked at, where the smallest face that is wanted
// (min_size) still has 40 pixels then, twice what detectors need; a detector's own smallest face is then min_size
// divided by this. Crops are cut from the whole photograph where they need its pixels.
int detection_reduction(const SelectionOptions& selection);

// `wanted` (name, weights, device) for photographs that are read so: its name is one of a detector, its least size and
// score are those of `selection`, and it has one thread, since each thread that reads has one of its own.
DetectorOptions detector_for(DetectorOptions wanted, const SelectionOptions& selection);

// align.json without its lists of images.
nlohmann::ordered_json read_align_summary(const fs::path& file);

}  // namespace facerec
