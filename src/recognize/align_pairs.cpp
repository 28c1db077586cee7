#include "recognize/align_pairs.h"

#include <fmt/format.h>

#include <sstream>

#include "facerec/core/error.h"

namespace facerec {
namespace {

// Lines `number path`, with the extension of the crops.
std::string with_extension(const std::string& list, const std::string& extension) {
  std::istringstream lines(list);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    if (has_image_extension(line)) line.replace(line.rfind('.'), std::string::npos, extension);
    text += line + "\n";
  }
  return text;
}

void write_protocol(const fs::path& protocol, const fs::path& folder, const std::string& extension) {
  for (const auto& entry : fs::recursive_directory_iterator(protocol / "Split")) {
    const fs::path path = folder / entry.path().lexically_relative(protocol);
    if (!entry.is_regular_file()) continue;
    make_folder(path.parent_path());
    write_file(path, read_text(entry.path()));
  }
  for (const char* list : {"Pair_list_F.txt", "Pair_list_P.txt"}) {
    write_file(folder / list, with_extension(read_text(protocol / list), extension));
  }
}

}  // namespace

PairSet pairs_with_crops(const PairSet& pairs, const HasCrop& has_crop) {
  PairSet kept{pairs.name, pairs.images, {}, {}, pairs.missing};
  for (size_t i = 0; i < pairs.pairs.size(); ++i) {
    const Pair& pair = pairs.pairs[i];
    if (has_crop(pair.a) && has_crop(pair.b)) {
      kept.pairs.push_back(pair);
      kept.fold.push_back(i < pairs.fold.size() ? pairs.fold[i] : uint16_t{0});
    } else {
      ++kept.missing;
    }
  }
  return kept;
}

const char* pairs_file(const AlignSource& source) { return source.protocol.empty() ? "pairs.txt" : "Protocol"; }

void write_pairs(const AlignSource& source, const HasCrop& has_crop, const CropNames& names, const fs::path& crops) {
  const PairSet kept = pairs_with_crops(source.pairs, has_crop);
  if (!source.lfw_list.empty() && kept.missing == 0) return write_file(crops / "pairs.txt", read_text(source.lfw_list));
  if (!source.protocol.empty()) {
    return write_protocol(source.protocol, crops / "Protocol", fs::path(names.file(0, 0)).extension().string());
  }
  std::string list;
  for (const Pair& pair : kept.pairs) {
    list += fmt::format("{}\t{}\t{}\n", names.file(pair.a, 0), names.file(pair.b, 0), pair.same ? 1 : 0);
  }
  write_file(crops / "pairs.txt", list);
}

}  // namespace facerec
