// Writes the seeds under corpus/: fuzz_seeds FOLDER
#include <cstdio>

#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/io/torch_file.h"
#include "fuzz/seeds_of_evaluation_sets.h"
#include "support/checkpoints.h"

namespace {

using namespace facerec;
using namespace facerec::test;
using namespace std::string_literals;

std::string folder_of_kinds() {
  const std::string module = global("net", "Net") + ")\x81}(" + pickled("_parameters"sv) + "}" + pickled("weight"sv) +
                             tensor(storage("FloatStorage", "0", 4), 0, 2, 2) + "s" + pickled("_modules"sv) + "}" +
                             pickled("inner"sv) + global("net", "Inner") + ")\x81}" + pickled("_buffers"sv) + "}sbsub";
  return "}(" + pickled("model"sv) + module + pickled("list"sv) + "]" +
         tensor(storage("FloatStorage", "0", 4), 1, 1, 2) + "a" + pickled("epoch"sv) + "K\x03" + pickled("loss"sv) +
         "G?\xF8\0\0\0\0\0\0"s + pickled("none"sv) + "Nu";
}

void write(const fs::path& folder) {
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  const auto bytes = std::as_bytes(std::span(numbers));
  const std::vector<NamedTensor> tensors{{"a.weight", {"F32", {2, 3}, bytes}},
                                         {"a.transposed", {"F32", {3, 2}, bytes, {1, 3}}},
                                         {"half", {"U16", {4}, bytes.first(8)}}};
  for (const char* name : {"pickle", "zip", "safetensors"}) fs::create_directories(folder / name);
  write_torch_file(folder / "zip/archive", tensors);
  write_safetensors(folder / "zip/tensors", std::span(tensors).first(1), {{"k", "v"}});
  write_safetensors(folder / "safetensors/tensors", std::span(tensors).first(1), {{"k", "v"}});
  const std::string object = folder_of_kinds();
  const std::string content = std::string(reinterpret_cast<const char*>(numbers.data()), 16);
  write_file(folder / "pickle/kinds", pickle(object));
  write_file(folder / "pickle/protocol0", "(dp0\nS'a'\np1\n(lp2\nI1\naL2L\naF1.5\nasVb\n(I00\nI01\ntsg1\ng2\ns.");
  const std::string framed =
      "}\x94(\x8C\x01"
      "a\x94\x8F\x94(K\x01\x90\x8C\x01z\x94"
      "C\x01x\x94\x8C\x01"
      "c\x94h\x03\x87\x94u.";
  write_file(folder / "pickle/protocol4", "\x80\x04\x95" + little(uint64_t{framed.size()}) + framed);
  write_file(folder / "zip/legacy", legacy_file(object, "]" + pickled("0"sv) + "a", little(uint64_t{4}) + content));
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 2) return 2;
  write(arguments[1]);
  write_evaluation_sets(arguments[1]);
  return 0;
} catch (const facerec::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
