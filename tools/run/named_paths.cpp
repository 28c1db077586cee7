#include "tools/run/named_paths.h"

#include <spdlog/spdlog.h>

#include "facerec/core/error.h"
#include "facerec/data/dataset.h"
#include "facerec/data/pairs.h"
#include "facerec/infer/engine.h"

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

fs::path find_model_of(const char* key, const std::string& model, const std::string& runs) {
  try {
    return find_model(model, runs);
  } catch (const Error& error) {
    throw Error(error).key(key);
  }
}

void find_teacher(TrainConfig& config) {
  std::string& teacher = config.distill.teacher;
  if (!teacher.empty()) teacher = text_of(find_model_of("distill.teacher", teacher, config.run.dir));
}

}  // namespace facerec
