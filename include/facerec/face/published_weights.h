// Weights that others have published for the detectors: what they are, where they lie, how they get there.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

struct PublishedFile {
  std::string path;                  // below the store: "mtcnn/pnet.pt"
  uint64_t bytes = 0;                // 0: not known
  std::string sha256;                // "": not known
  std::vector<std::string> sources;  // URLs, tried in this order; none: to be fetched by hand
};

struct PublishedWeights {
  std::string name;  // what `facerec models download` takes: "mtcnn"
  std::string what, licence;
  std::vector<PublishedFile> files;
  std::string by_hand = {};  // where a file without sources is to be had
};

// The table.
std::span<const PublishedWeights> published_weights();

// Throws a usage Error that lists the known names.
const PublishedWeights& find_published(const std::string& name);

// Where weights are kept: $FACEREC_MODELS, else models/ in cache_folder(). Throws a usage Error where there is neither.
fs::path weights_store();

// Whether the file is below `store`, in its size. Its SHA-256 is checked when it is fetched, not at every start.
bool is_at_hand(const PublishedFile& file, const fs::path& store);

// Whether all files are in weights_store().
bool is_at_hand(const PublishedWeights& weights);

// The files in the store, in the order of the table. Throws a usage Error when one is absent or of another size, naming
// the command that gets it and, for machines without a network, the path under which it is looked for.
std::vector<fs::path> weights_files(const std::string& name);

struct DownloadOptions {
  fs::path store = {};  // "": weights_store()
  // Tried before the sources: base URLs (https, http, file) or folders, below which the files lie as in the store.
  // After them come those of $FACEREC_MODELS_MIRROR, separated by commas.
  std::vector<std::string> mirrors = {};
  bool force = false;  // fetch again what is there
  std::function<void(const PublishedFile& file, uint64_t done)> progress = {};
};

// Into the store, each file whole or absent; one that was cut off is gone on with (facerec/io/download.h). What is
// there is checked and not fetched again. Returns false when stop_signal() ended it. Throws Error when no source gives
// a file of the right SHA-256, telling what each of them gave; a usage Error for a file that has no source and is not
// there.
[[nodiscard]] bool download_weights(const PublishedWeights& weights, const DownloadOptions& options);

}  // namespace facerec
