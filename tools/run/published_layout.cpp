#include "tools/run/published_layout.h"

#include <spdlog/spdlog.h>

#include "facerec/core/error.h"
#include "facerec/data/dataset.h"
#include "facerec/data/pairs.h"

namespace facerec {

void take_published_layout(TrainConfig& config) {
  DataConfig& data = config.data;
  if (data.root.empty() || data.train.size() != 1 || !data.train.front().path.empty()) return;
  data.train.front().path = training_folder_in(data.root);
  if (data.train.front().path.empty()) {
    throw Error::usage("no training data is named, and this folder has none of face.evoLVe's names")
        .file(data.root)
        .hint("they are imgs, imgs_train, imgs_casia and ms1m_align_112; else give data.train");
  }
  spdlog::info("training images: {}", below_root(data.root, data.train.front().path));
  if (!config.validation.data.empty()) return;
  for (const std::string& path : evaluation_sets_in(data.root)) {
    config.validation.data.push_back({"", path, ""});
    spdlog::info("benchmark: {}", below_root(data.root, path));
  }
}

}  // namespace facerec
