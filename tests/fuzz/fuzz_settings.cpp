// Texts that say how to work: configurations, calibrations, the metrics of a run. The first byte says which.
#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/data/config.h"
#include "facerec/infer/calibration.h"
#include "facerec/io/metrics.h"
#include "fuzz/scratch.h"
#include "fuzz/views.h"

namespace {

using namespace facerec;
using fuzz::require;

// What is read is written, and read again, without a change.
void configuration(const std::string& text) {
  DataConfig config;
  read_config(parse_yaml(text, {.file = "x.yaml"}), config);
  const nlohmann::ordered_json written = config_json(config);
  DataConfig again;
  read_config(parse_yaml(to_yaml(written), {.file = "again.yaml"}), again);
  require(config_json(again) == written);
}

void calibration(const std::string& text) {
  const Calibration read = parse_calibration(text);
  read.at_fmr(1e-3);
  read.at_fmr(1e-9);
  if (!read.fpir.empty()) read.at_fpir(0.01, 1000);
  require(to_json(parse_calibration(to_json(read).dump())) == to_json(read));
}

void metrics(const std::string& text) {
  static const fuzz::Scratch folder;
  for (const int64_t most_steps : {int64_t{1}, int64_t{1000}}) {
    const TrainingMetrics read = read_metrics(folder.write("metrics.jsonl", text), most_steps);
    for (size_t i = 1; i < read.steps.size(); ++i) require(read.steps[i - 1].step <= read.steps[i].step);
    if (const ValidationMetrics* best = read.best()) require(best >= read.validations.data());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    (data[0] % 3 == 0 ? configuration : data[0] % 3 == 1 ? calibration : metrics)(text);
  } catch (const Error&) {
  }
  return 0;
}
