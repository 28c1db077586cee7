#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "facerec/core/cache.h"
#include "facerec/core/error.h"
#include "facerec/core/memory.h"
#include "facerec/core/parallel.h"
#include "facerec/face/published_weights.h"
#include "facerec/image/fonts.h"
#include "facerec/infer/engine.h"
#include "facerec/model/device.h"
#include "tools/run/log.h"
#include "tools/run/run.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t comfortable_memory = 4'000'000'000;  // a small training and an evaluation at once
constexpr uint64_t comfortable_disk = 2'000'000'000;   // checkpoints of an iresnet50 with 93,431 identities

class Findings {
 public:
  void good(const std::string& name, const std::string& found) { add(name, "ok", found, ""); }
  // Works without, or less well.
  void note(const std::string& name, const std::string& found, const std::string& remedy) {
    add(name, "note", found, remedy);
  }
  void bad(const std::string& name, const std::string& found, const std::string& remedy) {
    add(name, "missing", found, remedy);
    is_well_ = false;
  }
  bool is_well() const { return is_well_; }
  const Json& json() const { return list_; }

 private:
  void add(const std::string& name, const char* state, const std::string& found, const std::string& remedy) {
    list_.push_back({{"name", name},
                     {"state", state},
                     {"found", found},
                     {"remedy", remedy.empty() ? Json(nullptr) : Json(remedy)}});
  }
  Json list_ = Json::array();
  bool is_well_ = true;
};

// "model name : AMD EPYC" of /proc/cpuinfo, or "" where it has no such line.
std::string cpu_info(const std::string& key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return line.substr(std::min(line.find(": ") + 2, line.size()));
  }
  return "";
}

void look_at_libtorch(Findings& findings) {
  Dl_info place{};
  dladdr(reinterpret_cast<void*>(&at::get_cpu_capability), &place);
  findings.good("libtorch", place.dli_fname == nullptr ? "opened" : place.dli_fname);
}

void look_at_cpu(Findings& findings) {
  const std::string flags = " " + cpu_info("flags") + " ";
  std::vector<std::string> features;
  for (const char* name : {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}) {
    if (flags.find(fmt::format(" {} ", name)) != std::string::npos) features.emplace_back(name);
  }
  const std::string found = fmt::format("{}, {} cores to use, {}; LibTorch computes with {}", cpu_info("model name"),
                                        resolve_threads(0), fmt::join(features, " "), at::get_cpu_capability());
  if (resolve_precision("auto", at::kCPU) == "bf16") {
    findings.good("cpu", found);
  } else {
    findings.note("cpu", found, "no native bf16: precision auto is fp32, half as fast or less");
  }
  if (const char* threads = std::getenv("OMP_NUM_THREADS")) {
    findings.note("threads", fmt::format("OMP_NUM_THREADS={}", threads),
                  "it bounds --threads 0; unset it to use all cores");
  }
}

void look_at_memory(Findings& findings) {
  const int64_t bytes = free_memory();
  if (bytes >= comfortable_memory) return findings.good("memory", memory_text(bytes) + " free");
  findings.note("memory", memory_text(bytes) + " free", "a smaller train.batch_size needs less");
}

void look_at_disk(Findings& findings) {
  std::error_code ignored;
  const fs::space_info space = fs::space(".", ignored);
  const std::string found = memory_text(static_cast<int64_t>(space.available)) + " free in the working directory";
  if (space.available >= comfortable_disk) return findings.good("disk", found);
  findings.note("disk", found, "a run keeps checkpoints: run.dir names another disk, checkpoint.keep how many stay");
}

std::vector<std::string> gpus_of_driver() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc/driver/nvidia/gpus", ignored)) {
    std::ifstream file(entry.path() / "information");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("Model:")) names.push_back(line.substr(line.find_first_not_of(" \t", 6)));
    }
  }
  return names;
}

void look_at_gpu(Findings& findings) {
  try {
    const at::Device device = open_device("cuda");
    findings.good("gpu", fmt::format("{}; precision auto is {}", fmt::join(gpus_of_driver(), ", "),
                                     resolve_precision("auto", device)));
  } catch (const Error& error) {
    const std::vector<std::string> names = gpus_of_driver();
    if (names.empty()) {
      findings.note("gpu", error.message(), "computes on the CPU");
    } else {
      findings.bad("gpu", fmt::format("{}, but {}", fmt::join(names, ", "), error.message()), error.hint());
    }
  }
}

void look_at_openvino(Findings& findings) {
  try {
    findings.good("openvino", openvino_version());
  } catch (const Error& error) {
    findings.bad("openvino", error.message(), "scripts/setup installs it; --engine libtorch works without");
  }
}

void look_at_fonts(Findings& findings) {
  const std::vector<std::string> missing = scripts_without_font();
  if (missing.empty()) return findings.good("fonts", "the common scripts can be drawn");
  findings.note("fonts", fmt::format("none for {}", fmt::join(missing, ", ")),
                "names in them are drawn as boxes; apt install fonts-noto-core fonts-noto-cjk");
}

void look_at_weights(Findings& findings) {
  std::vector<std::string> here, absent;
  for (const PublishedWeights& weights : published_weights()) {
    (is_at_hand(weights) ? here : absent).push_back(weights.name);
  }
  const std::string store = text_of(weights_store());
  if (!here.empty()) {
    const std::string more = absent.empty() ? "" : fmt::format("; not {}", fmt::join(absent, ", "));
    return findings.good("detectors", fmt::format("{} in {}{}", fmt::join(here, ", "), store, more));
  }
  findings.note("detectors", fmt::format("no weights in {}", store),
                "needed where faces are looked for: facerec models download yunet");
}

void look_at_cache(Findings& findings) {
  const fs::path folder = cache_folder();
  std::error_code error;
  if (!folder.empty()) fs::create_directories(folder, error);
  if (folder.empty() || error || access(folder.c_str(), W_OK) != 0) {
    return findings.note("cache", folder.empty() ? "no place for one" : text_of(folder) + " cannot be written",
                         "embeddings of evaluations are computed each time; set XDG_CACHE_HOME");
  }
  findings.good("cache", text_of(folder));
}

// Made from the JSON so that no fact has two sources.
std::string findings_text(const Json& json) {
  std::string text = json["version"].get<std::string>() + "\n\n";
  for (const Json& finding : json["findings"]) {
    text += fmt::format("{:<8} {:<10} {}\n", finding["state"].get<std::string>(), finding["name"].get<std::string>(),
                        finding["found"].get<std::string>());
    if (!finding["remedy"].is_null()) text += fmt::format("{:20}{}\n", "", finding["remedy"].get<std::string>());
  }
  return text;
}

}  // namespace

int run_doctor(const DoctorVerb& verb, const CommonOptions& common) {
  Findings findings;
  look_at_libtorch(findings);
  look_at_openvino(findings);
  look_at_cpu(findings);
  look_at_memory(findings);
  look_at_disk(findings);
  look_at_gpu(findings);
  look_at_fonts(findings);
  look_at_weights(findings);
  look_at_cache(findings);
  const Json json{{"version", verb.version}, {"well", findings.is_well()}, {"findings", findings.json()}};
  print_answer(common, json, findings_text(json));
  return findings.is_well() ? exit_done : exit_failed;
}

}  // namespace facerec
