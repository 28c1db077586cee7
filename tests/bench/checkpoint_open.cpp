// Opens a checkpoint of 170 MB as facerec does, and as Python does with torch.load(mmap=True), in one run: seconds with
// the file in the page cache, and the memory that is taken at most.
//
//   checkpoint_open [PYTHON]     PYTHON: an interpreter that can import torch; without one only facerec is measured
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "facerec/core/files.h"
#include "facerec/io/torch_file.h"
#include "facerec/model/backbone.h"
#include "facerec/model/weights.h"
#include "model/bytes.h"

namespace {

using facerec::Backbone;
namespace fs = std::filesystem;

constexpr int rounds = 5;

// The line of /proc/self/status, in MB.
double status(const std::string& key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1000;
  }
  return 0;
}

void write_checkpoint(const fs::path& path) {
  const auto network = facerec::make_backbone({.name = "iresnet50"});
  std::vector<facerec::NamedTensor> tensors;
  for (const auto& [name, tensor] : facerec::state_dict(*network)) {
    tensors.push_back({name, facerec::view_of(tensor)});
  }
  facerec::write_torch_file(path, tensors);
}

// In a process of its own, so that its memory is its own.
template <class Measure>
void in_child(const Measure& measure) {
  std::fflush(stdout);
  if (const pid_t child = fork(); child == 0) {
    measure();
    std::fflush(stdout);
    _exit(0);
  } else {
    waitpid(child, nullptr, 0);
  }
}

void measure_facerec(const fs::path& path) {
  const double before = status("VmRSS");
  double best = 1e9;
  for (int i = 0; i < rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const std::shared_ptr<Backbone> backbone = facerec::load_backbone(path);
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  const double size = static_cast<double>(fs::file_size(path)) / 1e6;
  const double taken = (status("VmHWM") * 1.024 - before * 1.024);
  std::printf("%-42s %7.3f s %8.0f MB  %.2f x file\n", "facerec, weights in a network", best, taken, taken / size);
}

void measure_python(const std::string& python, const fs::path& path) {
  const std::string script = R"(
import resource, sys, time, torch
path = sys.argv[1]
def status(key):
    return [int(l.split()[1]) for l in open('/proc/self/status') if l.startswith(key + ':')][0] * 1024 / 1e6
size = __import__('os').path.getsize(path) / 1e6
before = status('VmRSS')
def best(load):
    times = []
    for _ in range(5):
        begin = time.perf_counter(); kept = load(); times.append(time.perf_counter() - begin); del kept
    return min(times)
mapped = best(lambda: torch.load(path, mmap=True, weights_only=True))
taken = status('VmHWM') - before
print(f"{'torch.load(mmap=True), nothing read yet':42} {mapped:7.3f} s {taken:8.0f} MB  {taken / size:.2f} x file")
copied = best(lambda: {k: v.clone() for k, v in torch.load(path, mmap=True, weights_only=True).items()})
taken = status('VmHWM') - before
print(f"{'torch.load(mmap=True), weights copied':42} {copied:7.3f} s {taken:8.0f} MB  {taken / size:.2f} x file")
)";
  const fs::path file = path.string() + ".py";
  facerec::write_file(file, script);
  if (std::system(("'" + python + "' '" + file.string() + "' '" + path.string() + "'").c_str()) != 0) {
    std::printf("%s cannot import torch\n", python.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = (fs::temp_directory_path() / "facerec-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const fs::path path = fs::path(folder) / "iresnet50.pth";
  in_child([&] { write_checkpoint(path); });
  std::printf("%.0f MB, best of %d\n", static_cast<double>(fs::file_size(path)) / 1e6, rounds);
  in_child([&] { measure_facerec(path); });
  if (argc > 1) measure_python(argv[1], path);
  fs::remove_all(folder);
}
