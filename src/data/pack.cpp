#include "facerec/data/pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <unordered_set>

#include "data/lists.h"
#include "data/pack_paths.h"
#include "data/pack_state.h"
#include "data/pack_writer.h"
#include "data/tfrecord.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/stop.h"

namespace facerec {
namespace {

constexpr size_t images_at_once = 128;       // images that are read at a time; one may be a large photograph
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

class Packing {
 public:
  Packing(std::shared_ptr<const Dataset> data, const fs::path& out, const PackOptions& options, PackJob& job)
      : data_(std::move(data)),
        out_(out),
        options_(options),
        order_(order_for(options.format, *data_)),
        job_(job),
        state_(job.state) {}

  void run(const PackProgress& progress, PackSummary& summary) {
    const auto writer = open_writer(options_.format, out_, state_, replay());
    const auto total = static_cast<int64_t>(order_.size());
    int64_t synced = state_.done;
    while (state_.done < total && stop_signal() == 0) {
      write_block(*writer);
      if (progress) progress(state_.done, total);
      if (state_.done - synced < images_per_sync) continue;
      keep(*writer);
      synced = state_.done;
    }
    summary.images = state_.done - static_cast<int64_t>(state_.skipped.size());
    summary.identities = static_cast<int64_t>(classes_.size());
    for (const SkippedImage& image : state_.skipped) summary.skipped.push_back(image.input);
    summary.skipped_count += static_cast<int64_t>(state_.skipped.size());
    summary.signal = stop_signal();
    if (summary.signal == 0) {
      finish(*writer, summary.images);
    } else {
      keep(*writer);
    }
  }

 private:
  struct Slot {
    PackItem item;
    std::string fault;
  };

  // What earlier processes wrote: their paths are taken, the labels are told to the writer.
  std::vector<uint32_t> replay() {
    std::vector<uint32_t> labels;
    auto skipped = state_.skipped.begin();
    for (int64_t place = 0; place < state_.done; ++place) {
      if (skipped != state_.skipped.end() && skipped->place == place) {
        ++skipped;
        continue;
      }
      const uint32_t image = order_[static_cast<size_t>(place)];
      classes_.insert(data_->label(image));
      labels.push_back(static_cast<uint32_t>(data_->label(image)));
      if (options_.format == "folder") paths_.take(packed_path(*data_, image), image);
    }
    return labels;
  }

  void keep(PackWriter& writer) {
    state_.sizes = writer.sync();
    job_.save();
  }

  void finish(PackWriter& writer, int64_t images) {
    if (images == 0) throw Error("no image of it can be packed; the first: " + state_.skipped.front().input.reason);
    keep(writer);
    state_.finishing = true;
    job_.save();
    writer.finish();
    if (options_.format == "recordio") mark_as_packed(out_);
  }

  void write_block(PackWriter& writer) {
    const auto first = static_cast<size_t>(state_.done);
    std::vector<Slot> slots(std::min(images_at_once, order_.size() - first));
    parallel_for(static_cast<int64_t>(slots.size()), options_.threads,
                 [&](int64_t i) { slots[static_cast<size_t>(i)] = read(order_[first + static_cast<size_t>(i)]); });
    for (size_t i = 0; i < slots.size(); ++i) {
      const uint32_t image = order_[first + i];
      Slot& slot = slots[i];
      if (!slot.fault.empty()) {
        state_.skipped.push_back({static_cast<int64_t>(first + i), {data_->name(image), slot.fault}});
        continue;
      }
      if (options_.format != "list") place(slot.item, image);
      writer.append(slot.item);
      classes_.insert(data_->label(image));
    }
    state_.done += static_cast<int64_t>(slots.size());
  }

  void place(PackItem& item, uint32_t image) {
    if (options_.format == "folder") item.path = paths_.take(item.path, image);
    if (!has_image_extension(item.path)) item.path += extension_of(probe_image(item.encoded).format);
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
      probe_image(sample.encoded);  // what is no image is not handed on
      slot.item.path = packed_path(*data_, image);
      slot.item.encoded = std::move(sample.encoded);
    } catch (const Error& error) {
      if (options_.strict) throw Error(error.message()).file(data_->name(image)).hint(error.hint());
      slot.fault = error.message();
    }
    return slot;
  }

  // As the list will find it: relative to its own folder.
  std::string listed_path(uint32_t image) const {
    std::error_code code;
    const fs::path file = fs::canonical(data_->name(image), code);
    if (code) throw Error(code.message());
    const fs::path folder = fs::weakly_canonical(fs::absolute(out_).parent_path());
    return text_of(file.lexically_relative(folder));
  }

  std::shared_ptr<const Dataset> data_;
  fs::path out_;
  const PackOptions& options_;
  std::vector<uint32_t> order_;
  PackJob& job_;
  PackState& state_;
  std::unordered_set<int64_t> classes_;
  UniquePaths paths_;
};

// `resume` of what an earlier call has finished: whether `out` holds the images that would be written.
bool is_finished(const fs::path& out, const PackOptions& options, int64_t images) {
  std::error_code code;
  if (!options.resume || !fs::exists(out, code) || fs::exists(out.string() + ".pack", code)) return false;
  Problems problems;
  int64_t found = 0;
  try {
    found = open_images({text_of(out)}, "", problems)->size();
  } catch (const Error&) {
  }
  if (found == images) return true;
  throw Error::usage(fmt::format("is there already, with {} images where {} would be written", found, images))
      .file(text_of(out))
      .hint("--force replaces it");
}

// A file is known by its name when it is to be read.
void check_name(const fs::path& out, const std::string& format) {
  if (format == "tfrecord" && !tfrecord::is_record_name(out)) {
    throw Error::usage("would not be known as TFRecord").file(text_of(out)).hint("let its name end in .tfrecord");
  }
  if (format == "list" && !is_list(out)) {
    throw Error::usage("would not be known as a list").file(text_of(out)).hint("let its name end in .txt");
  }
}

}  // namespace

PackSummary pack_training_set(const TrainingSetConfig& set, const std::string& root, const fs::path& out,
                              const PackOptions& options, const PackProgress& progress) {
  check_apart(below_root(root, set.path), out);
  check_name(out, options.format);
  Problems problems(options.strict);
  std::shared_ptr<const Dataset> data = open_images(set, root, problems);
  if (options.format == "list" && !fs::is_regular_file(data->name(0))) {
    throw Error::usage("its images are no files that a list could name")
        .file(below_root(root, set.path))
        .hint("pack it --to folder first");
  }
  const int64_t all = data->size();
  if (!options.exclude.empty()) data = exclude(data, options.exclude);
  PackSummary summary = pack_images(data, describe_job(set, root, options, *data), out, options, progress);
  summary.excluded = all - data->size();
  summary.skipped.insert(summary.skipped.begin(), problems.list().begin(), problems.list().end());
  summary.skipped_count += problems.count();
  return summary;
}

PackSummary pack_images(std::shared_ptr<const Dataset> images, const std::string& job_text, const fs::path& out,
                        const PackOptions& options, const PackProgress& progress) {
  PackSummary summary;
  summary.already_there = is_finished(out, options, images->size());
  if (summary.already_there) return summary;
  PackJob job(out, options, job_text);
  if (!job.is_done()) Packing(std::move(images), out, options, job).run(progress, summary);
  summary.already_there = job.is_done();
  if (job.is_done() && options.format == "recordio") mark_as_packed(out);
  if (summary.signal == 0) job.end();
  return summary;
}

void check_pack_output(const fs::path& out, const PackOptions& options) {
  check_name(out, options.format);
  if (options.format == "bin" || options.format == "bcolz") return check_evaluation_output(out, options);
  if (!options.force && fs::exists(out.string() + ".pack")) {
    throw Error::usage("an earlier packing into it was interrupted")
        .file(text_of(out))
        .hint("--force begins anew, facerec pack --resume goes on with it");
  }
  check_output(out, options);
}

}  // namespace facerec
