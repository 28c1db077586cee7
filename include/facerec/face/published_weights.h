// Weights that others have published for the detectors: what they are, where they lie, how they get there.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

struct PublishedFile {
  std::string path;  // below the store: "mtcnn/pnet.pt"
  uint64_t bytes = 0;
  std::string sha256;
  std::vector<std::string> sources;  // URLs, tried in this order
};

struct PublishedWeights {
  std::string name;  // what `facerec models download` takes: "mtcnn"
  std::string what, licence;
  std::vector<PublishedFile> files;  // empty: not published at a fixed address; `what` says where to look
};

// The table.
std::span<const PublishedWeights> published_weights();

// Throws a usage Error that lists the known names.
const PublishedWeights& find_published(const std::string& name);

// Where weights are kept: $FACEREC_MODELS, else $XDG_CACHE_HOME/facerec/models, else ~/.cache/facerec/models.
fs::path weights_store();

// Whether all files are there, in their size.
bool is_at_hand(const PublishedWeights& weights);

// The files in the store, in the order of the table. Throws a usage Error when one is absent or of another size, naming the
// command that gets it and, for machines without a network, the path under which it is looked for.
std::vector<fs::path> weights_files(const std::string& name);

struct DownloadOptions {
  std::vector<std::string> mirrors;  // tried before the sources: base URLs (file://, https://) or folders, below which the
                                     // files lie as in the store
  bool force = false;                // fetch again what is there
  std::function<void(const PublishedFile& file, uint64_t done)> progress = {};
};

// Into the store, each file whole or absent; one that was cut off is gone on with. What is there is checked and not
// fetched again. Throws Error when no source gives a file of the right SHA-256, telling what each of them gave.
void download_weights(const PublishedWeights& weights, const DownloadOptions& options);

}  // namespace facerec
