#include "facerec/data/pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "data/pack_state.h"
#include "data/pack_writer.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/stop.h"

namespace facerec {
namespace {

constexpr size_t block = 128;                // images that are read at a time; one may be a large photograph
constexpr int64_t images_per_sync = 20'000;  // a second or two of work that a kill can cost

// The order in which a format wants the images.
std::vector<uint32_t> order_for(const std::string& format, const Dataset& data) {
  std::vector<uint32_t> order(static_cast<size_t>(data.size()));
  std::iota(order.begin(), order.end(), 0U);
  if (format == "recordio") {
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return data.label(a) < data.label(b); });
  }
  return order;
}

std::unique_ptr<PackWriter> open_writer(const std::string& format, const fs::path& out, const PackState& state,
                                        std::vector<uint32_t> written) {
  if (format == "folder") return folder_writer(out, state.sizes);
  if (format == "list") return list_writer(out, state.sizes);
  if (format == "recordio") return recordio_writer(out, std::move(written), state.sizes);
  return tfrecord_writer(out, state.sizes);
}

const char* extension_of(ImageFormat format) {
  switch (format) {
    case ImageFormat::jpeg: return ".jpg";
    case ImageFormat::png: return ".png";
    case ImageFormat::bmp: return ".bmp";
    case ImageFormat::webp: return ".webp";
  }
  return "";
}

class Packing {
 public:
  Packing(std::shared_ptr<const Dataset> data, const fs::path& out, const PackOptions& options, PackState state)
      : data_(std::move(data)),
        out_(out),
        options_(options),
        order_(order_for(options.format, *data_)),
        state_(std::move(state)) {}

  PackSummary run(const PackProgress& progress) {
    std::vector<uint32_t> written = replay();
    const auto writer = open_writer(options_.format, out_, state_, std::move(written));
    const auto total = static_cast<int64_t>(order_.size());
    int64_t synced = state_.done;
    while (state_.done < total && stop_signal() == 0) {
      write_block(*writer);
      if (progress) progress(state_.done, total);
      if (state_.done - synced < images_per_sync) continue;
      keep(*writer);
      synced = state_.done;
    }
    if (stop_signal() != 0) {
      keep(*writer);
      summary_.signal = stop_signal();
    } else {
      writer->finish();
    }
    summary_.images = state_.done - static_cast<int64_t>(state_.skipped.size());
    summary_.skipped = state_.skipped;
    return std::move(summary_);
  }

 private:
  struct Slot {
    PackItem item;
    std::string fault;
  };

  // What earlier processes wrote: the names are taken, the labels are told to the writer.
  std::vector<uint32_t> replay() {
    std::vector<uint32_t> labels;
    std::unordered_set<std::string> skipped;
    for (const BadInput& input : state_.skipped) skipped.insert(input.name);
    for (int64_t i = 0; i < state_.done; ++i) {
      const uint32_t image = order_[static_cast<size_t>(i)];
      if (skipped.contains(data_->name(image))) continue;
      count(image);
      labels.push_back(static_cast<uint32_t>(data_->label(image)));
      if (options_.format == "folder") unique_path(data_->relative_path(image), image);
    }
    return labels;
  }

  void count(uint32_t image) { summary_.identities += classes_.insert(data_->label(image)).second ? 1 : 0; }

  void keep(PackWriter& writer) {
    state_.sizes = writer.sync();
    save_pack_state(out_, state_);
  }

  void write_block(PackWriter& writer) {
    const auto first = static_cast<size_t>(state_.done);
    std::vector<Slot> slots(std::min(block, order_.size() - first));
    parallel_for(static_cast<int64_t>(slots.size()), options_.threads,
                 [&](int64_t i) { slots[static_cast<size_t>(i)] = read(order_[first + static_cast<size_t>(i)]); });
    for (size_t i = 0; i < slots.size(); ++i) {
      const uint32_t image = order_[first + i];
      if (slots[i].fault.empty()) {
        if (options_.format == "folder") slots[i].item.path = unique_path(slots[i].item.path, image);
        writer.append(slots[i].item);
        count(image);
      } else {
        state_.skipped.push_back({data_->name(image), slots[i].fault});
      }
    }
    state_.done += static_cast<int64_t>(slots.size());
  }

  Slot read(uint32_t image) const {
    Slot slot{{{}, data_->label(image), ""}, ""};
    try {
      if (options_.format == "list") {
        slot.item.path = listed_path(image);
        return slot;
      }
      Sample sample = data_->read(image);
      if (!sample.pixels.rgb.empty()) sample.encoded = encode_png(sample.pixels);
      slot.item.path = with_extension(data_->relative_path(image), probe_image(sample.encoded).format);
      slot.item.encoded = std::move(sample.encoded);
    } catch (const Error& error) {
      if (options_.strict) throw Error(error.message()).file(data_->name(image)).hint(error.hint());
      slot.fault = error.message();
    }
    return slot;
  }

  // As the list will find it: beside itself where that is possible.
  std::string listed_path(uint32_t image) const {
    const fs::path path = fs::absolute(data_->name(image)).lexically_normal();
    if (!fs::is_regular_file(path)) throw Error("is not a file of its own, which a list could name");
    return text_of(path.lexically_relative(fs::absolute(out_).lexically_normal().parent_path()));
  }

  static std::string with_extension(std::string path, ImageFormat format) {
    return has_image_extension(path) ? path : path + extension_of(format);
  }

  // Two images of one name keep apart: the second gets its number.
  std::string unique_path(std::string path, uint32_t image) {
    if (paths_.insert(path).second) return path;
    const fs::path given(path);
    path =
        text_of(given.parent_path() / fmt::format("{}_{}{}", given.stem().string(), image, given.extension().string()));
    paths_.insert(path);
    return path;
  }

  std::shared_ptr<const Dataset> data_;
  fs::path out_;
  const PackOptions& options_;
  std::vector<uint32_t> order_;
  PackState state_;
  std::unordered_set<int64_t> classes_;
  std::unordered_set<std::string> paths_;
  PackSummary summary_;
};

}  // namespace

PackSummary pack_training_set(const TrainingSetConfig& set, const std::string& root, const fs::path& out,
                              const PackOptions& options, const PackProgress& progress) {
  Problems problems(options.strict);
  std::shared_ptr<const Dataset> data = open_images(set, root, problems);
  const int64_t all = data->size();
  if (!options.exclude.empty()) data = exclude(data, options.exclude);
  const std::string job = describe_job(set, root, options, data->size());
  PackState state = begin_pack(out, options, job);
  if (state.finished) {
    PackSummary summary;
    summary.already_there = true;
    return summary;
  }
  PackSummary summary = Packing(data, out, options, std::move(state)).run(progress);
  if (summary.signal == 0) forget_pack_state(out);
  summary.excluded = all - data->size();
  summary.skipped.insert(summary.skipped.begin(), problems.list().begin(), problems.list().end());
  return summary;
}

}  // namespace facerec
