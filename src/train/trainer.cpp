#include "facerec/train/trainer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <sstream>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/progress.h"
#include "facerec/core/stop.h"
#include "facerec/core/text.h"
#include "facerec/data/loader.h"
#include "facerec/model/device.h"
#include "facerec/model/head.h"
#include "facerec/model/weights.h"
#include "facerec/train/run_folder.h"
#include "facerec/train/schedule.h"
#include "train/checkpoint.h"
#include "train/held_out.h"
#include "train/memory_plan.h"
#include "train/metrics_log.h"
#include "train/run_set_up.h"
#include "train/take_up.h"

namespace facerec {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

Head& head_of(const Learner& learner) {
  const auto head = std::dynamic_pointer_cast<Head>(find_part(learner.objective(), "head"));
  if (!head) throw Error::usage("this training has no head that a stored one could be taken up by");
  return *head;
}

// The figure of validation.
const char* figure_name(const TrainConfig& config) { return config.task == "super_resolution" ? "psnr" : "accuracy"; }

class Run {
 public:
  Run(const TrainOptions& options, const TrainingSet& data, const Validate& validate)
      : options_(options),
        config_(options.config),
        data_(data),
        validate_(validate),
        device_(open_device(config_.run.device)) {
    set_up_library(config_);
    start_learner();
    const LoaderOptions loader = loader_options(config_, options.strict);
    auto sampler =
        make_sampler(config_.data.sampler, data, config_.train.batch_size, static_cast<uint64_t>(config_.run.seed));
    const int64_t per_epoch = batches_per_epoch(sampler->length(), loader);
    state_.batches_per_epoch = per_epoch;
    if (!options.checkpoint) state_.step = options.epochs_done * per_epoch / config_.train.accumulate;
    const int64_t batches = state_.step * config_.train.accumulate;
    loader_ = std::make_unique<Loader>(data.images, std::move(sampler), loader,
                                       LoaderPosition{batches / per_epoch, batches % per_epoch});
    length_ = {per_epoch, config_.train.accumulate, 0};
    length_.total_steps = std::max<int64_t>(1, length_.steps_in(config_.train.epochs));
    if (config_.train.max_steps > 0) length_.total_steps = std::min(length_.total_steps, config_.train.max_steps);
    if (!options.checkpoint && state_.step > 0 && state_.step >= length_.total_steps) {
      throw Error::usage(
          fmt::format("the training to go on from has done {} epochs, and this one would end after {} steps",
                      options.epochs_done, length_.total_steps))
          .hint("raise train.epochs, which counts the epochs that are done");
    }
    metrics_ = std::make_unique<MetricsLog>(options.run / "metrics.jsonl", state_.step);
  }

  TrainResult run() {
    log_start();
    Progress progress("train", length_.total_steps * images_per_step(), "images");
    while (state_.step < length_.total_steps && result_.signal == 0) {
      train_step();
      progress.update(state_.step * images_per_step(), fmt::format("loss {:.3f}  lr {:.3g}", loss_, rate_));
      result_.signal = stop_signal();
      const bool last = state_.step == length_.total_steps;
      if (is_due(config_.validation) || last) validate_or_save();
      if (is_due(config_.checkpoint) || last || result_.signal != 0) save();
    }
    return finish();
  }

 private:
  void start_learner() {
    const TaskData task = task_data();
    state_.classes = task.classes;
    held_out_ = open_held_out_sets(config_, task.attributes);
    state_.config = config_json(config_);
    if (options_.checkpoint) {
      const RunState stored = read_run_state(*options_.checkpoint);
      if (stored.classes != state_.classes) {
        throw Error::usage(fmt::format("the run has {} identities, the data {}", stored.classes, state_.classes))
            .file(text_of(options_.run));
      }
      const auto config = std::move(state_.config);
      state_ = stored;
      state_.config = config;
    } else {
      state_.numerics = decide_numerics(config_, task, device_);
    }
    const MemoryPlan plan = require_memory(config_, task, data_.images->size(), device_, state_.numerics);
    spdlog::info("memory, as planned:\n{}", to_text(plan));
    learner_ = std::make_unique<Learner>(config_, task, device_, state_.numerics);
    if (options_.checkpoint) {
      load_checkpoint(*options_.checkpoint, *learner_);
    } else {
      initialise_from_files();
    }
  }

  TaskData task_data() const {
    if (config_.task == "identity") return {data_.images->classes()};
    if (config_.task == "attributes") return {0, read_attributes(config_.data, *data_.images)};
    return {};
  }

  void initialise_from_files() {
    if (!config_.init_from.empty()) learner_->objective().start_from(config_.init_from);
    auto report = [](const char* what, const fs::path& file, bool fits) {
      if (fits) spdlog::info("{} taken up from {}", what, text_of(file));
      if (!fits) spdlog::warn("{}: the {} does not fit this training, which starts with its own", text_of(file), what);
    };
    if (!options_.head_from.empty()) {
      report("head", options_.head_from, take_up_head(options_.head_from, head_of(*learner_)));
    }
    if (!options_.optimizer_from.empty()) {
      report("optimizer state", options_.optimizer_from, take_up_momentum(options_.optimizer_from, *learner_));
    }
  }

  int64_t images_per_step() const { return config_.train.batch_size * config_.train.accumulate; }
  // Of a section with every_steps and every_epochs.
  template <class Section>
  bool is_due(const Section& section) const {
    if (section.every_epochs == 0) return state_.step % section.every_steps == 0;
    const int64_t epochs = length_.epochs_in(state_.step);
    return epochs > length_.epochs_in(state_.step - 1) && epochs % section.every_epochs == 0;
  }

  void log_start() {
    const Part network = learner_->objective().parts().front();
    spdlog::info("{}: {:.2f} M parameters, {} identities, {} images, {} steps of {} images, {}, {}, {}",
                 config_.task == "super_resolution" ? config_.super_resolution.network : config_.model.name,
                 static_cast<double>(count_parameters(*network.module)) / 1e6, data_.images->classes(),
                 data_.images->size(), length_.total_steps, images_per_step(), device_.str(), state_.numerics.precision,
                 state_.numerics.memory_format);
    if (state_.step > 0) spdlog::info("continues at step {}", state_.step);
  }

  void train_step() {
    const auto begin = Clock::now();
    const double waited_before = loader_->seconds_waited();
    std::vector<Batch> batches;
    for (int64_t i = 0; i < config_.train.accumulate; ++i) batches.push_back(loader_->next());
    rate_ = learning_rate(config_.schedule, config_.optimizer.lr, state_.step, length_);
    const Learner::Step step = learner_->step(batches, rate_, state_.step < config_.train.head_warmup_steps);
    loss_ = step.loss;
    terms_ = step.terms;
    ++state_.step;
    ++steps_here_;
    seconds_here_ += seconds_since(begin);
    waited_here_ += loader_->seconds_waited() - waited_before;
    if (step.finite) {
      state_.nonfinite_in_a_row = 0;
    } else {
      count_nonfinite(batches);
    }
    for (Batch& batch : batches) loader_->give_back(std::move(batch));
    if (state_.step % config_.train.log_every == 0 || state_.step == length_.total_steps) log_step();
  }

  void count_nonfinite(const std::vector<Batch>& batches) {
    ++state_.skipped_steps;
    std::vector<std::string> faulty;
    for (const auto& [name, value] : terms_) {
      if (!std::isfinite(value)) faulty.push_back(name);
    }
    spdlog::warn("step {}: {} not finite, the step is skipped", state_.step,
                 faulty.empty() ? "the gradient is" : "of the loss, " + join(faulty) + " is");
    if (++state_.nonfinite_in_a_row < config_.train.max_nonfinite) return;
    std::string names;
    for (const Batch& batch : batches) {
      for (int64_t index : batch.indices) names += data_.images->name(index) + "\n";
    }
    const fs::path list = options_.run / "nonfinite_batch.txt";
    write_file(list, names);
    throw Error(fmt::format("the loss was not finite in {} steps in a row; the batch of step {} begins with {}",
                            state_.nonfinite_in_a_row, state_.step,
                            data_.images->name(batches.front().indices.front())))
        .file(text_of(list))
        .hint("lower optimizer.lr, or add a warm-up; the file lists the whole batch");
  }

  void log_step() {
    const int64_t epoch = (state_.step - 1) * length_.accumulate / length_.batches_per_epoch;
    const double speed = static_cast<double>(steps_here_ * images_per_step()) / seconds_here_;
    nlohmann::ordered_json line{{"step", state_.step},
                                {"epoch", epoch},
                                {"loss", loss_},
                                {"lr", rate_},
                                {"images_per_second", speed},
                                {"data_wait_share", waited_here_ / seconds_here_}};
    if (terms_.size() > 1) {
      for (const auto& [name, value] : terms_) line["losses"][name] = value;
    }
    metrics_->write(line);
    if (seconds_since(logged_) < 10 && state_.step != length_.total_steps) return;
    logged_ = Clock::now();
    spdlog::info("step {}/{}  epoch {}  loss {:.4f}  lr {:.4g}  {:.0f} images/s", state_.step, length_.total_steps,
                 epoch, loss_, rate_, speed);
  }

  // A fault in a benchmark must not cost the steps since the last checkpoint.
  void validate_or_save() {
    try {
      validate();
    } catch (...) {
      save();
      throw;
    }
  }

  std::vector<ValidationScore> scores() {
    Objective& objective = learner_->objective();
    return config_.task == "identity" ? validate_(objective.backbone()) : facerec::validate(objective, held_out_);
  }

  void validate() {
    const std::vector<ValidationScore> found = scores();
    if (found.empty()) return;
    nlohmann::ordered_json line{{"step", state_.step}, {"validation", nlohmann::ordered_json::object()}};
    double sum = 0;
    int deciding = 0;
    const char* figure = figure_name(config_);
    for (const ValidationScore& score : found) {
      line["validation"][score.name] = score.value;
      if (score.decides) sum += score.value, ++deciding;
      spdlog::info("step {}  {} {} {:.4f}", state_.step, score.name, figure, score.value);
    }
    const double metric = sum / std::max(1, deciding);
    line[std::string("mean_") + figure] = metric;
    metrics_->write(line);
    if (state_.best && metric <= state_.best->metric) return;
    state_.best = {metric, state_.step};
    save_checkpoint(options_.run / "best", *learner_, state_);
  }

  void save() {
    save_checkpoint(checkpoint_folder(options_.run, state_.step), *learner_, state_);
    if (config_.checkpoint.keep > 0) prune_checkpoints(options_.run, config_.checkpoint.keep);
  }

  // Joined with what an earlier process of this run had met.
  void write_bad_inputs() {
    const fs::path path = options_.run / "bad_inputs.txt";
    std::set<std::string> lines;
    if (fs::exists(path)) {
      std::istringstream text(read_text(path));
      for (std::string line; std::getline(text, line);) lines.insert(line);
    }
    for (const BadInput& input : data_.problems.list()) lines.insert(input.name + "\t" + input.reason);
    for (const BadInput& input : loader_->bad_inputs()) lines.insert(input.name + "\t" + input.reason);
    const int64_t unlisted = data_.problems.count() - static_cast<int64_t>(data_.problems.list().size());
    result_.bad_images = static_cast<int64_t>(lines.size()) + unlisted;
    if (lines.empty()) return;
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    if (unlisted > 0) text += fmt::format("… and {} more\n", unlisted);
    write_file(path, text);
  }

  TrainResult finish() {
    write_bad_inputs();
    result_.steps = state_.step;
    if (steps_here_ > 0) {
      result_.final_loss = loss_;
      result_.images_per_second = static_cast<double>(steps_here_ * images_per_step()) / seconds_here_;
      result_.data_wait_share = waited_here_ / seconds_here_;
      spdlog::info("{:.0f} images/s, {:.1f} % of the time waiting for data", result_.images_per_second,
                   100 * result_.data_wait_share);
    }
    result_.best = state_.best;
    result_.skipped_steps = state_.skipped_steps;
    if (result_.bad_images > 0) spdlog::warn("{} images could not be read, see bad_inputs.txt", result_.bad_images);
    return result_;
  }

  const TrainOptions& options_;
  const TrainConfig& config_;
  const TrainingSet& data_;
  const Validate& validate_;
  torch::Device device_;
  std::vector<HeldOutSet> held_out_;
  RunLength length_{};
  RunState state_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<Loader> loader_;
  std::unique_ptr<MetricsLog> metrics_;
  double loss_ = 0, rate_ = 0;
  std::vector<std::pair<std::string, double>> terms_;
  int64_t steps_here_ = 0;
  double seconds_here_ = 0, waited_here_ = 0;
  Clock::time_point logged_ = Clock::now();
  TrainResult result_;
};

}  // namespace

TrainResult train(const TrainOptions& options, const TrainingSet& data, const Validate& validate) {
  const FolderLock lock(options.run);
  remove_temporaries(options.run);
  remove_temporaries(options.run / "checkpoints");
  return Run(options, data, validate).run();
}

}  // namespace facerec
