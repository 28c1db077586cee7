#include "facerec/recognize/embedding_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "data/pack_state.h"
#include "data/views.h"
#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "facerec/io/sha256.h"
#include "facerec/model/preprocess.h"
#include "facerec/recognize/aligned_set.h"
#include "io/crc32c.h"
#include "recognize/align_options.h"
#include "recognize/embed_job.h"
#include "recognize/embedding_append.h"
#include "recognize/embedding_stream.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr auto save_every = std::chrono::seconds(5);  // of work that a kill can cost

Json describe_alignment(const std::optional<EmbedAlignment>& align) {
  if (!align) return nullptr;
  const DetectorOptions detector = detector_for(align->detector, align->selection);
  Json weights = Json::array();
  for (const fs::path& file : detector_files(detector)) {
    if (!fs::is_directory(file)) weights.push_back(sha256_of(file));
  }
  Json json{{"detector", detector.name}, {"weights", std::move(weights)}};
  json.update(describe_selection(align->selection));
  return json;
}

Json describe_embedding(const Engine& engine, const EmbedFileOptions& options) {
  const ModelSpec& spec = engine.spec();
  return {{"model", engine.identity()},
          {"architecture", spec.architecture},
          {"preprocess", preprocess_formula(spec.preprocess)},
          {"flip", to_string(options.rule)},
          {"unit_length", !options.raw},
          {"align", describe_alignment(options.align)}};
}

// What is in a file may change while its images keep their names.
Json stamp_of(const std::string& path) {
  const std::string format = data_format(path);
  if (format == "recordio" && fs::is_directory(path)) return file_stamp(path + "/train.rec");
  return format == "recordio" || format == "tfrecord" || format == "bin" ? file_stamp(path) : Json();
}

Json describe_call(const Dataset& images, const EmbedInput& input, const EmbedFileOptions& options) {
  constexpr size_t listed = 16;
  Json inputs = Json::array();
  for (size_t i = 0; i < std::min(listed, input.paths.size()); ++i) {
    const std::string& path = input.paths[i];
    inputs.push_back({path == "-" ? path : text_of(fs::absolute(path)), stamp_of(path)});
  }
  if (input.paths.size() > listed) inputs.push_back(fmt::format("and {} more", input.paths.size() - listed));
  uint32_t checksum = 0;
  for (int64_t i = 0; i < images.size(); ++i) {
    const std::string name = images.name(i);
    checksum = crc32c(std::as_bytes(std::span(name.c_str(), name.size() + 1)), checksum);
  }
  return {{"inputs", std::move(inputs)},
          {"images", images.size()},
          {"checksum", checksum},
          {"batch_size", options.batch_size},
          {"shard", fmt::format("{}/{}", options.shard.index, options.shard.count)}};
}

std::shared_ptr<const Dataset> without(const std::shared_ptr<const Dataset>& images, const NameSet& names) {
  std::vector<uint32_t> rest;
  for (int64_t i = 0; i < images->size(); ++i) {
    if (!names.contains(images->name(i))) rest.push_back(static_cast<uint32_t>(i));
  }
  return std::make_shared<SubsetDataset>(images, std::move(rest));
}

// The first image of a shard: shards are cut between batches.
int64_t begin_of(int64_t images, const EmbedFileOptions& options, int64_t shard) {
  const int64_t batches = (images + options.batch_size - 1) / options.batch_size;
  return std::min(images, batches * (shard - 1) / options.shard.count * options.batch_size);
}

void check(const EmbedFileOptions& options) {
  const Shard& shard = options.shard;
  if (shard.count < 1 || shard.index < 1 || shard.index > shard.count) {
    throw Error::usage(fmt::format("--shard {}/{}: there are shards 1/N … N/N", shard.index, shard.count));
  }
  if (options.append && options.force) throw Error::usage("--append keeps what --force would replace");
  if (options.resume && options.force) throw Error::usage("--resume goes on with what --force would replace");
}

Metadata to_metadata(const Json& embedding) {
  Metadata metadata;
  for (const auto& [key, value] : embedding.items()) {
    metadata[key] = value.is_string() ? value.get<std::string>() : to_json_text(value);
  }
  return metadata;
}

class EmbedRun {
 public:
  EmbedRun(Engine& engine, std::shared_ptr<const Dataset> images, const EmbedFileOptions& options,
           const EmbeddingShape& shape, EmbedJob& job)
      : engine_(engine),
        images_(std::move(images)),
        options_(options),
        job_(job),
        begin_(begin_of(images_->size(), options, options.shard.index)),
        end_(begin_of(images_->size(), options, options.shard.index + 1)),
        files_(job.state.sizes),
        writer_(open_embedding_writer(shape, job.growing(), files_)),
        skipped_(files_.open(job.skipped())) {}

  int64_t total() const { return end_ - begin_; }

  // False when a signal stopped it; what is done is then on the disk.
  bool run(const Problems& problems, const EmbedProgress& progress);

 private:
  void begin(const Problems& problems);
  const EmbeddedBatch& next_of(EmbeddingStream& stream);
  void check_computation();
  void take(const EmbeddedBatch& batch);
  std::vector<std::string> faults_of(const EmbeddedBatch& batch) const;
  void add(const EmbeddedBatch& batch, int64_t i);
  void skip(const std::string& name, const std::string& reason);
  void save();

  Engine& engine_;
  std::shared_ptr<const Dataset> images_;
  const EmbedFileOptions& options_;
  EmbedJob& job_;
  int64_t begin_, end_;
  GrowingFiles files_;
  std::unique_ptr<EmbeddingWriter> writer_;
  GrowingFile& skipped_;
  std::vector<float> embedding_;
};

bool EmbedRun::run(const Problems& problems, const EmbedProgress& progress) {
  EmbedState& state = job_.state;
  begin(problems);
  const EmbedOptions embed{options_.batch_size, options_.threads, false, options_.rule != EmbeddingRule::no_flip};
  EmbeddingStream stream(engine_, images_, embed, begin_ + state.done, end_);
  auto saved = Clock::now();
  while (stream.has_next()) {
    take(next_of(stream));
    if (progress) progress(state.done, total());
    const bool is_stopped = stop_signal() != 0;
    if (is_stopped || Clock::now() - saved > save_every) {
      save();
      saved = Clock::now();
    }
    if (is_stopped && stream.has_next()) return false;
  }
  save();
  writer_->finish(state.earlier_rows + state.rows);
  files_.sync();
  state.finished = true;
  job_.save();
  return true;
}

void EmbedRun::begin(const Problems& problems) {
  EmbedState& state = job_.state;
  if (state.done > 0 || state.skipped > 0) return;
  if (options_.shard.index == 1) {
    for (const BadInput& problem : problems.list()) skip(problem.name, problem.reason);
    const int64_t more = problems.count() - state.skipped;
    if (more > 0) skip("", fmt::format("{} more that opening the input left out", more));
    state.skipped = problems.count();
  }
  save();
}

const EmbeddedBatch& EmbedRun::next_of(EmbeddingStream& stream) try { return stream.next(); } catch (...) {
  save();  // what is done need not be done again
  throw;
}

// `auto` may choose otherwise in a later call; a file is of one engine.
void EmbedRun::check_computation() {
  const Computation now = engine_.computation();
  if (now.engine.empty()) return;
  const Json computed_by{{"engine", now.engine}, {"precision", now.precision}};
  Json& before = job_.state.computed_by;
  if (before.is_null()) before = computed_by;
  if (before == computed_by) return;
  throw Error::usage(fmt::format("the rows so far were computed by {} in {}, now it is {} in {}",
                                 before["engine"].get<std::string>(), before["precision"].get<std::string>(),
                                 now.engine, now.precision))
      .file(text_of(job_.out()))
      .hint(fmt::format("--engine {} --precision {}", before["engine"].get<std::string>(),
                        before["precision"].get<std::string>()));
}

void EmbedRun::take(const EmbeddedBatch& batch) {
  check_computation();
  const std::vector<std::string> faults = faults_of(batch);
  const auto first = std::ranges::find_if(faults, [](const std::string& fault) { return !fault.empty(); });
  if (options_.strict && first != faults.end()) {
    save();
    throw Error(*first)
        .file(images_->name(batch.first + (first - faults.begin())))
        .hint("without --strict such images are left out and listed");
  }
  for (int64_t i = 0; i < batch.size; ++i) {
    const std::string& fault = faults[static_cast<size_t>(i)];
    if (fault.empty()) {
      add(batch, i);
    } else {
      skip(images_->name(batch.first + i), fault);
    }
  }
  job_.state.done += batch.size;
}

// Of each image why it gives no row; "": it does.
std::vector<std::string> EmbedRun::faults_of(const EmbeddedBatch& batch) const {
  std::vector<std::string> faults(static_cast<size_t>(batch.size));
  for (size_t i = 0; i < faults.size(); ++i) {
    faults[i] = writer_->fault_of(images_->name(batch.first + static_cast<int64_t>(i)));
  }
  for (const BrokenImage& broken : batch.broken)
    faults[static_cast<size_t>(broken.index - batch.first)] = broken.reason;
  return faults;
}

void EmbedRun::add(const EmbeddedBatch& batch, int64_t i) {
  const int64_t image = batch.first + i, label = images_->label(image);
  const auto length = static_cast<size_t>(engine_.spec().embedding_size);
  const std::string name = images_->name(image);
  const bool has_label = images_->has_name(label) || images_->classes() > 1;
  const std::string who = has_label ? images_->class_name(label) : "";
  float norm = 0;
  try {
    const Embeddings embeddings{length, batch.original, batch.flipped};
    norm = combine_embedding(embeddings, static_cast<size_t>(i), options_.rule, !options_.raw, embedding_);
  } catch (Error& error) {
    throw std::move(error).file(name);
  }
  writer_->add({name, who, norm, embedding_});
  ++job_.state.rows;
}

void EmbedRun::skip(const std::string& name, const std::string& reason) {
  skipped_.write(to_json_text({{"name", name}, {"reason", reason}}) + "\n");
  ++job_.state.skipped;
}

void EmbedRun::save() {
  job_.state.sizes = files_.sync();
  job_.save();
}

// Images as crops of the size that the model takes.
std::shared_ptr<const Dataset> aligned(std::shared_ptr<const Dataset> images, const EmbedAlignment& align,
                                       const Preprocess& input) {
  const DetectorFactory open = [options = detector_for(align.detector, align.selection)] {
    return open_detector(options);
  };
  open();  // what is wrong with it is nothing about an image
  return std::make_shared<AlignedSet>(std::move(images), align.selection, CropShape{input.width, input.height}, open);
}

}  // namespace

EmbedFileSummary embed_to_file(Engine& engine, std::shared_ptr<const Dataset> images, const Problems& problems,
                               const EmbedInput& input, const fs::path& out, const EmbedFileOptions& options,
                               const EmbedProgress& progress) {
  check(options);
  const ModelSpec& spec = engine.spec();
  const EmbedDescription description{describe_embedding(engine, options), describe_call(*images, input, options)};
  const size_t dimension = combined_dimension(static_cast<size_t>(spec.embedding_size), options.rule);
  const EmbeddingShape shape{embedding_format(out), static_cast<int64_t>(dimension),
                             to_metadata(description.embedding)};
  EmbedJob job(out, shape, options, description);
  EmbedState& state = job.state;
  EmbedFileSummary summary;
  summary.dimension = shape.dimension;
  if (!job.is_done() && !state.finished && (job.appends() || state.earlier_rows > 0)) {
    images = without(images, names_of_rows(shape, out, state.earlier_rows));
  }
  summary.already_there = job.is_done() || (job.appends() && images->size() == 0);
  if (!summary.already_there && !state.finished) {
    if (options.align) images = aligned(images, *options.align, spec.preprocess);
    if (job.appends()) state.sizes = copy_rows(shape, out, state.earlier_rows, job.growing());
    summary.done_before = state.done;
    if (!EmbedRun(engine, images, options, shape, job).run(problems, progress)) summary.signal = stop_signal();
  }
  if (state.finished) job.publish();
  summary.images = begin_of(images->size(), options, options.shard.index + 1) -
                   begin_of(images->size(), options, options.shard.index);
  summary.done = state.finished || summary.already_there ? summary.images : state.done;
  summary.rows = state.earlier_rows + state.rows;
  summary.skipped = state.skipped;
  if (!state.computed_by.is_null()) {
    summary.engine = state.computed_by["engine"];
    summary.precision = state.computed_by["precision"];
  }
  if (summary.signal == 0) summary.files = job.files();
  return summary;
}

}  // namespace facerec
