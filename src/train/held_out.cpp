#include "train/held_out.h"

#include <fmt/format.h>

#include "facerec/config/at_key.h"

namespace facerec {

std::vector<HeldOutSet> open_held_out_sets(const TrainConfig& config, const std::vector<Attribute>& known) {
  std::vector<HeldOutSet> sets;
  if (config.task == "identity") return sets;
  for (size_t i = 0; i < config.validation.data.size(); ++i) {
    const ValidationSetConfig& set = config.validation.data[i];
    DataConfig data = config.data;
    data.train = {{}};
    data.train.front().path = set.path;
    const std::string name = set.name.empty() ? fs::path(set.path).stem().string() : set.name;
    HeldOutSet& held_out = sets.emplace_back(HeldOutSet{name, {}, {}});
    held_out.images =
        at_key(fmt::format("validation.data.{}.path", i), [&] { return open_training_images(data).images; });
    if (!known.empty()) held_out.attributes = read_attributes(data, *held_out.images, known);
  }
  return sets;
}

std::vector<ValidationScore> validate(Objective& objective, const std::vector<HeldOutSet>& sets) {
  std::vector<ValidationScore> scores;
  for (const HeldOutSet& set : sets) {
    for (ValidationScore& score : objective.validate(set)) {
      if (sets.size() > 1) score.name = set.name + "/" + score.name;
      scores.push_back(std::move(score));
    }
  }
  return scores;
}

}  // namespace facerec
