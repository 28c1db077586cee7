// Embeddings of any number of images in a file: what `facerec embed` does.
//
// What is written, for an output OUT:
//
//     OUT.npy           float32 [N, D]; beside it OUT.npy.norms.npy, float32 [N], and
//                       OUT.npy.names.txt, a name a line
//     OUT.safetensors   F32 tensors "embeddings" [N, D] and "norms" [N], the summary in the
//                       metadata as strings; beside it OUT.safetensors.names.txt
//     OUT.csv           name,norm,e0,e1,… with a row of these names first (RFC 4180)
//     OUT.jsonl         {"name", "label" (who is in it, where the data set tells), "norm", "embedding": […]} a line
//     OUT.json          the summary, see below; it is there only when all else is
//     OUT.skipped.jsonl {"name", "reason"} a line: the images that gave no row; there when there are any,
//                       in the order of the calls; an image that a call tries again is told again
//
// where OUT in the last two is with its extension: e.npy.json. Rows are in the order of the images. Norms are the L2
// norms of the embeddings before they are brought to length 1: a measure of quality, low for what is blurred, dark or
// no face. Numbers in text are the shortest that read back to the same float.
//
// The summary is a contract with scripts:
//
//     {"schema": 1, "out", "format", "rows", "dimension",
//      "computed_by": {"engine", "precision"},   null: there is no row
//      "embedding": {"model", "architecture", "preprocess", "flip", "unit_length",   model: its identity, a SHA-256
//                    "align": {"detector", "weights": [sha256], "min_size", "fallback", …}},   null: they were crops
//      "calls": [{"inputs", "images", "checksum", "batch_size", "shard", "rows", "skipped"}]}    checksum: CRC-32C of
//                                           the names; one more call for each that appended
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "facerec/data/dataset.h"
#include "facerec/face/aligner.h"
#include "facerec/face/detector.h"
#include "facerec/infer/embeddings.h"
#include "facerec/infer/engine.h"
#include "facerec/recognize/align.h"

namespace facerec {

// What is embedded, one input after the other. An input is
//     an image; a folder, of which every image at any depth is taken, in byte order of the paths; a data set in any
//     form that is read, evaluation sets too; a glob ("a/*.jpg", "a/**/front?.png": ** stands for any folders); a text
//     file
//     (.txt, .lst) with the path of an image a line, or `path label`; "-": such paths on standard input, ended by line
//     ends or, where there is one, by NUL bytes.
// Paths in lists are below `root`; without one beside the list, those of standard input in the working directory.
struct EmbedInput {
  std::vector<std::string> paths = {};
  std::string root = {};
  LabelConfig label = {};
  std::map<std::string, std::string> where = {};
  ColumnsConfig columns = {};
};

// Throws a usage Error naming an input that is none of these, or matches nothing. Images that lists name and that are
// not there are missed when they are read; what the formats of training sets leave out goes to `problems`. Memory: the
// paths.
std::shared_ptr<const Dataset> open_embed_input(const EmbedInput& input, Problems& problems);

// Photographs, whose faces are cut out as the model expects them.
struct EmbedAlignment {
  DetectorOptions detector = {};    // its least size and score are those of `selection`, its threads one
  SelectionOptions selection = {};  // of one face an image; fallback_center: else the image is skipped
};

struct EmbedFileOptions {
  EmbeddingRule rule = EmbeddingRule::no_flip;
  bool raw = false;                          // embeddings keep their length
  std::optional<EmbedAlignment> align = {};  // else images are crops already, resized where they have another size
  int64_t batch_size = 64;
  int threads = 0;      // that read and decode; 0: the cores available
  Shard shard = {};     // whole batches: the shards' rows one after the other are those of all
  bool append = false;  // to what is there: images whose names it has are not embedded again
  bool strict = false;  // stop at the first image that gives no row
  bool resume = false;  // go on with what an earlier call has begun
  bool force = false;   // replace what is there
};

struct EmbedFileSummary {
  int64_t images = 0;          // of this shard, without those that `append` found there
  int64_t done = 0;            // of them, in all calls
  int64_t done_before = 0;     // by earlier calls
  int64_t rows = 0;            // in the file
  int64_t skipped = 0;         // images of `done` that gave no row, and those that opening the input left out
  int64_t dimension = 0;       // of a row
  bool already_there = false;  // an earlier call has finished it
  int signal = 0;              // that stopped it; `resume` goes on
  std::string engine = {}, precision = {};  // that computed the rows
  std::vector<fs::path> files = {};         // what is asked for first, the summary last; none while it is stopped
};

using EmbedProgress = std::function<void(int64_t done, int64_t total)>;  // images

// Embeds `images` into `out`; its extension is the format. Batches begin at multiples of batch_size in the order of the
// images, whatever was done before and in whichever shard, and an image that gives no row keeps its place in its batch:
// so the same bytes come out of a call that was killed and resumed as of one that was not, as far as the engine gives
// the same for the same batch (with equal threads and device it does). While it is under way, its work is kept in
// OUT.embed, and a kill costs some seconds of it; the files get their names when all are whole, and what was there
// before stays until then.
//
// Memory does not grow with the images, but for what `images` itself keeps, 4 bytes an image, and with `append` the
// names of the rows that are there.
//
// What is wrong with a single image, a name that the file cannot hold among that (with a line break where names stand
// in a .txt file, in another code than UTF-8 in .jsonl), is told in OUT.skipped.jsonl. Throws a usage Error when `out`
// is there and may not be replaced, when an earlier call was interrupted (without `resume` or `force`), when it was
// begun with other input, model or options, saying which, when `append` finds other ones, when OUT.embed holds files of
// others, and when another process works on it; an Error when a file cannot be written, and when the model gives what
// is no number.
EmbedFileSummary embed_to_file(Engine& engine, std::shared_ptr<const Dataset> images, const Problems& problems,
                               const EmbedInput& input, const fs::path& out, const EmbedFileOptions& options,
                               const EmbedProgress& progress = {});

// The precision of the rows that a call of embed_to_file() with these options would go on from, "" where there are
// none: an engine that chooses its precision by itself is to be opened with that, since a file is of one. Throws a
// usage Error when what is there cannot be read.
std::string precision_so_far(const fs::path& out, const EmbedFileOptions& options);

}  // namespace facerec
