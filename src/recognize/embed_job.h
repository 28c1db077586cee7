// Where the writing of a file of embeddings stands: OUT.embed/, kept while it is under way.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "facerec/recognize/embedding_file.h"
#include "recognize/embedding_writer.h"

namespace facerec {

struct EmbedState {
  std::string job;  // what is embedded, with what: EmbedDescription::text()
  nlohmann::ordered_json earlier_calls = nlohmann::ordered_json::array();  // of the summary that is appended to
  nlohmann::ordered_json computed_by = nullptr;  // the engine and precision of the rows; null: there is none yet
  int64_t earlier_rows = 0;                      // of earlier calls
  int64_t done = 0;                              // images of this call
  int64_t rows = 0, skipped = 0;                 // of this call
  std::vector<uint64_t> sizes = {};              // as GrowingFiles::sync() told them; empty: nothing is written yet
  bool finished = false;                         // all is written, the files are getting their names
};

// What decides the rows of a call, as JSON.
struct EmbedDescription {
  nlohmann::ordered_json embedding;  // what makes an embedding of an image: the same for all that a file holds
  nlohmann::ordered_json call;       // which images, and how they are cut
  std::string text() const;          // both in one object, for check_same_job()
};

// The writing of one output. Holds it for this process.
class EmbedJob {
 public:
  // Throws the usage Errors of embed_to_file() about what is there.
  EmbedJob(const fs::path& out, const EmbeddingShape& shape, const EmbedFileOptions& options,
           const EmbedDescription& description);
  ~EmbedJob();

  EmbedState state;
  bool is_done() const { return done_; }     // by earlier calls; `state` is then as they left it
  bool appends() const { return appends_; }  // anew, to rows of which nothing is copied yet
  const fs::path& out() const { return out_; }
  fs::path growing() const;  // the place and name of the output while it grows
  fs::path skipped() const;  // where the images are told that gave no row, the same
  void save() const;         // `state`

  // Gives the files their names and writes the summary.
  void publish();
  std::vector<fs::path> files() const;  // the output first, the summary last

 private:
  bool is_begun() const;
  bool is_finished() const;
  void remove_folder() const;
  void check_free() const;
  void check_folder() const;
  std::vector<fs::path> parts() const;  // what grows in the folder
  void take_up(const EmbedFileOptions& options);
  void take_up_finished(const EmbedFileOptions& options);
  fs::path beside(const std::string& suffix) const;

  fs::path out_, folder_;
  EmbeddingShape shape_;
  EmbedDescription description_;
  std::unique_ptr<FolderLock> lock_;
  bool done_ = false, appends_ = false;
};

}  // namespace facerec
