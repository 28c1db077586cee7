// A checkpoint for face.evoLVe and its followers to go on from: the way back of what --resume and --from take up.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "facerec/core/files.h"

namespace facerec {

class Backbone;

class EvolveExport {
 public:
  // `checkpoint`: the folder with state.json. Throws a usage Error when it is none, or when it holds no head.
  explicit EvolveExport(const fs::path& checkpoint);
  ~EvolveExport();

  int64_t batches() const;                // done
  std::optional<int64_t> epochs() const;  // done, whole ones; nullopt: the checkpoint does not tell

  // The state_dict of the head, "weight" [classes, embedding_size] first.
  void save_head(const fs::path& out) const;

  // Why there is no optimizer to be saved: it is not SGD, or has no momentum. "": there is one.
  std::string no_optimizer() const;

  // The state_dict of torch.optim.SGD with face.evoLVe's two groups: {"state": {number: {"momentum_buffer": …}},
  // "param_groups": [{"lr", "momentum", …, "params": [numbers]}, …]}. A parameter that does not learn has no state.
  void save_optimizer(const fs::path& out, const Backbone& backbone) const;

 private:
  struct Source;
  std::unique_ptr<const Source> source_;
};

}  // namespace facerec
