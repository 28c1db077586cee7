// Writes the seeds under corpus/: fuzz_seeds FOLDER
#include <zlib.h>

#include <cstdio>

#include "facerec/core/error.h"
#include "facerec/io/safetensors.h"
#include "facerec/io/torch_file.h"
#include "fuzz/seeds_of_evaluation_sets.h"
#include "fuzz/seeds_of_files.h"
#include "fuzz/seeds_of_landmarks.h"
#include "fuzz/seeds_of_texts.h"
#include "io/recordio.h"
#include "io/tf_example.h"
#include "io/tf_record.h"
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

// Keys, images and identities as InsightFace writes them; one image is split into parts.
void write_records(const fs::path& folder) {
  const std::string content = "an image" + little(recordio_magic) + little(recordio_magic) + "more";
  const auto image = std::as_bytes(std::span(content));
  const RecordHeader headers[] = {{.flag = 0, .label = {0, 0}, .id = 1, .id2 = 0, .image_size = 9},
                                  {.flag = 2, .label = {1, 7}, .id = 2, .id2 = 0, .image_size = 20},
                                  {.flag = 2, .label = {1, 2}, .id = 3, .id2 = 0, .image_size = 0},
                                  {.flag = 2, .label = {2, 3}, .id = 4, .id2 = 0, .image_size = 0},
                                  {.flag = 2, .label = {3, 5}, .id = 0, .id2 = 1, .image_size = 0}};
  std::string index, records;
  for (const RecordHeader& header : headers) {
    index += std::to_string(header.id) + "\t" + std::to_string(records.size()) + "\n";
    const std::vector<std::byte> record = make_record(header, image.first(header.image_size));
    records.append(reinterpret_cast<const char*>(record.data()), record.size());
  }
  write_file(folder / "keys", little(static_cast<uint16_t>(index.size())) + index + records);
  write_file(folder / "property", little(uint16_t{5}) + "2,8,8" + records);
}

void write_tf_records(const fs::path& folder) {
  std::string file;
  for (const char* image : {"image/encoded", "image/img_path"}) {
    TfExampleWriter example;
    example.add("image/filename", "0/a.jpg");
    example.add("image/source_id", 300);
    example.add(image, "0/a.jpg");
    const std::string message = example.message();
    const std::vector<std::byte> record = write_tf_record(std::as_bytes(std::span(message)));
    file.append(reinterpret_cast<const char*>(record.data()), record.size());
  }
  std::string packed(compressBound(file.size()), '\0');
  uLongf size = packed.size();
  if (compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(file.data()),
               file.size()) != Z_OK) {
    throw Error("cannot be compressed").file(text_of(folder));
  }
  fs::create_directories(folder);
  write_file(folder / "records", file);
  write_file(folder / "zlib", std::string_view(packed).substr(0, size));
}

void write(const fs::path& folder) {
  write_tf_records(folder / "tfrecord");
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  const auto bytes = std::as_bytes(std::span(numbers));
  const std::vector<NamedTensor> tensors{{"a.weight", {"F32", {2, 3}, bytes}},
                                         {"a.transposed", {"F32", {3, 2}, bytes, {1, 3}}},
                                         {"half", {"U16", {4}, bytes.first(8)}}};
  for (const char* name : {"pickle", "recordio", "zip", "safetensors"}) fs::create_directories(folder / name);
  write_records(folder / "recordio");
  write_torch_file(folder / "zip/archive", tensors);
  write_safetensors(folder / "zip/tensors", std::span(tensors).first(1), {{"k", "v"}});
  write_safetensors(folder / "safetensors/tensors", std::span(tensors).first(1), {{"k", "v"}});
  const std::string object = folder_of_kinds();
  const std::string content = std::string(reinterpret_cast<const char*>(numbers.data()), 16);
  write_file(folder / "pickle/kinds", pickle_of(object));
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
  write_files(arguments[1]);
  write_landmarks(arguments[1]);
  write_texts(arguments[1]);
  return 0;
} catch (const facerec::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
