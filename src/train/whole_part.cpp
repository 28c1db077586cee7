#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "facerec/core/error.h"
#include "facerec/model/weights.h"
#include "model/bytes.h"
#include "train/checkpoint.h"

namespace facerec {
namespace {

bool is_file_of(const std::string& name, const std::string& part) {
  constexpr size_t numbers = std::string_view("-00000-of-00001.safetensors").size();
  return name.size() == part.size() + numbers && name.starts_with(part + "-");
}

std::vector<fs::path> files_of(const fs::path& folder, const std::string& part) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (is_file_of(text_of(entry.path().filename()), part)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The rows that the file has of a tensor: the first, and how many there are in all files together.
Range rows_in(const SafetensorsFile& file, const std::string& name, const TensorView& view) {
  const int64_t own = view.shape.empty() ? 1 : view.shape.front();
  const auto found = file.metadata().find("rows." + name);
  if (found == file.metadata().end()) return {0, own};
  const std::string& text = found->second;
  Range rows;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, rows.first);
  const bool divided = first.ec == std::errc{} && first.ptr != end && *first.ptr == '/';
  const auto total = divided ? std::from_chars(first.ptr + 1, end, rows.count) : first;
  if (!divided || total.ec != std::errc{} || total.ptr != end || rows.first < 0 || rows.count < rows.first + own) {
    throw Error("'" + text + "' are no rows of '" + name + "'").file(text_of(file.path()));
  }
  return rows;
}

std::vector<int64_t> row_shape(torch::IntArrayRef shape) {
  return shape.empty() ? std::vector<int64_t>{} : shape.slice(1).vec();
}

}  // namespace

bool WholePart::exists(const fs::path& folder, const std::string& name) { return !files_of(folder, name).empty(); }

WholePart::WholePart(const fs::path& folder, const std::string& name) : folder_(folder), part_(name) {
  for (const fs::path& file : files_of(folder, name)) files_.push_back(std::make_unique<SafetensorsFile>(file));
  if (files_.empty()) throw Error("holds no file of the " + name).file(text_of(folder));
}

bool WholePart::contains(const std::string& name) const {
  return std::ranges::any_of(files_, [&](const auto& file) { return file->tensors().contains(name); });
}

void WholePart::load(const std::string& name, torch::Tensor target, int64_t first) const {
  const torch::NoGradGuard without_gradient;
  const int64_t wanted = target.dim() == 0 ? 1 : target.size(0);
  int64_t found = 0;
  for (const auto& file : files_) {
    const auto entry = file->tensors().find(name);
    if (entry == file->tensors().end()) continue;
    const torch::Tensor stored = tensor_of(entry->second);
    if (stored.dim() != target.dim() || row_shape(stored.sizes()) != row_shape(target.sizes())) {
      throw Error(fmt::format("'{}' has another shape there", name)).file(text_of(file->path()));
    }
    if (target.dim() == 0) {
      target.copy_(stored);
      return;
    }
    const int64_t begin = rows_in(*file, name, entry->second).first, end = begin + stored.size(0);
    const int64_t from = std::max(begin, first), to = std::min(end, first + wanted);
    if (from >= to) continue;
    target.narrow(0, from - first, to - from).copy_(stored.narrow(0, from - begin, to - from));
    found += to - from;
  }
  if (found == wanted) return;
  throw Error(fmt::format("of '{}' {} of {} rows are there", name, found, wanted))
      .file(text_of(folder_ / (part_ + "-*.safetensors")));
}

NamedTensors WholePart::all() const {
  std::map<std::string, int64_t> rows;  // that the files have, of each tensor
  for (const auto& file : files_) {
    for (const auto& [name, view] : file->tensors()) rows[name] += view.shape.empty() ? 1 : view.shape.front();
  }
  NamedTensors tensors;
  for (const auto& [name, count] : rows) {
    const auto& file =
        **std::ranges::find_if(files_, [&, of = name](const auto& each) { return each->tensors().contains(of); });
    const TensorView& view = file.at(name);
    std::vector<int64_t> shape = view.shape;
    if (!shape.empty()) shape.front() = std::min(count, rows_in(file, name, view).count);
    tensors.emplace_back(name, torch::empty(shape, tensor_of(view).options()));
    load(name, tensors.back().second);
  }
  return tensors;
}

}  // namespace facerec
