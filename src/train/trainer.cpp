#include "facerec/train/trainer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <deque>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "facerec/core/text.h"
#include "facerec/data/loader.h"
#include "facerec/model/device.h"
#include "facerec/model/head.h"
#include "facerec/train/run_folder.h"
#include "facerec/train/schedule.h"
#include "train/bad_inputs.h"
#include "train/checkpoint_writer.h"
#include "train/held_out.h"
#include "train/memory_plan.h"
#include "train/run_log.h"
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

class Run {
 public:
  Run(const TrainOptions& options, const TrainingSet& data, const Validate& validate, const World& world)
      : options_(options),
        config_(options.config),
        data_(data),
        validate_(validate),
        world_(world),
        device_(device_of(config_, options.place)) {
    set_up_library(config_);
    start_learner();
    const LoaderOptions loader = loader_options(config_, options.strict, world_);
    auto sampler =
        make_sampler(config_.data.sampler, data, config_.train.batch_size, static_cast<uint64_t>(config_.run.seed));
    const int64_t per_epoch = batches_per_epoch(sampler->length(), loader);
    if (stored_batches_per_epoch_ > 0 && stored_batches_per_epoch_ != per_epoch) {
      throw Error::usage(fmt::format("the run has {} batches an epoch, and this data {}: it is not the data of the run",
                                     stored_batches_per_epoch_, per_epoch))
          .file(text_of(options.run))
          .hint("facerec finetune --from RUN trains on from its model, on any data");
    }
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
    writer_ = std::make_unique<CheckpointWriter>(*learner_);
    if (!world_.is_first()) return;
    log_ = std::make_unique<RunLog>(options.run, config_, length_, state_.step);
  }

  TrainResult run() {
    if (log_) log_->begin(*data_.images, *learner_, state_.numerics, state_.step);
    while (state_.step < length_.total_steps && result_.signal == 0) {
      train_step();
      agree();
      const bool last = state_.step == length_.total_steps;
      std::vector<fs::path> folders;
      if ((is_due(config_.validation) || last) && validate_or_save()) folders.push_back(options_.run / "best");
      if (is_due(config_.checkpoint) || last || result_.signal != 0) folders.push_back(own_folder());
      if (!folders.empty()) save(std::move(folders));
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
      stored_batches_per_epoch_ = stored.batches_per_epoch;
      const auto config = std::move(state_.config);
      state_ = stored;
      state_.config = config;
    } else {
      state_.numerics = decide_numerics(config_, task, device_, world_);
    }
    plan_memory(task);
    learner_ = std::make_unique<Learner>(config_, task, Compute{device_, state_.numerics, world_});
    if (!world_.is_first()) seed_library(config_, world_.rank());
    if (options_.checkpoint) {
      load_checkpoint(*options_.checkpoint, *learner_);
    } else {
      initialise_from_files();
    }
  }

  void plan_memory(const TaskData& task) const {
    const ProcessCount processes{world_.size(), options_.place.local_size};
    const MemoryPlan plan = require_memory(config_, task, data_.images->size(), device_, state_.numerics, processes);
    if (world_.is_first())
      spdlog::info("memory{}, as planned:\n{}", world_.size() > 1 ? " of a process" : "", to_text(plan));
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
    // A step may end several epochs.
    const int64_t before = length_.epochs_in(state_.step - 1), now = length_.epochs_in(state_.step);
    return now / section.every_epochs > before / section.every_epochs;
  }

  // A step whose numbers are not read yet.
  struct Underway {
    Learner::Launched numbers;
    int64_t step;
    double rate;
    std::vector<int64_t> images;  // of this process
  };

  void train_step() {
    const auto begin = Clock::now();
    const double waited_before = loader_->seconds_waited();
    std::vector<Batch> batches;
    for (int64_t i = 0; i < config_.train.accumulate; ++i) batches.push_back(loader_->next());
    const double rate = learning_rate(config_.schedule, config_.optimizer.lr, state_.step, length_);
    const bool head_only = state_.step < config_.train.head_warmup_steps;
    Underway& underway = underway_.emplace_back();
    underway.numbers = learner_->launch(batches, rate, head_only);
    underway.step = ++state_.step;
    underway.rate = rate;
    for (Batch& batch : batches) {
      underway.images.insert(underway.images.end(), batch.indices.begin(), batch.indices.end());
      loader_->give_back(std::move(batch));
    }
    if (++steps_here_ == 1 && options_.after_first_step) options_.after_first_step();
    clock_.add(static_cast<double>(images_per_step()), seconds_since(begin));
    clock_.waited += loader_->seconds_waited() - waited_before;
    // A GPU computes while the next step is made ready.
    while (underway_.size() > (device_.is_cuda() ? 1 : 0)) account_for_oldest();
    if (log_) log_->progress(state_.step, clock_);
  }

  void account_for_oldest() {
    const Underway done = std::move(underway_.front());
    underway_.pop_front();
    const auto begin = Clock::now();
    last_ = done.numbers.read();
    clock_.add(0, seconds_since(begin));
    if (last_.finite) {
      state_.nonfinite_in_a_row = 0;
    } else {
      count_nonfinite(done);
    }
    const bool is_told = done.step % config_.train.log_every == 0 || done.step == length_.total_steps;
    if (log_ && is_told) log_->step(done.step, last_, done.rate, clock_);
  }

  void account_for_all() {
    while (!underway_.empty()) account_for_oldest();
  }

  void count_nonfinite(const Underway& step) {
    ++state_.skipped_steps;
    std::vector<std::string> faulty;
    for (const auto& [name, value] : last_.terms) {
      if (!std::isfinite(value)) faulty.push_back(name);
    }
    if (world_.is_first()) {
      spdlog::warn("step {}: {} not finite, the step is skipped", step.step,
                   faulty.empty() ? "the gradient is" : "of the loss, " + join(faulty) + " is");
    }
    if (++state_.nonfinite_in_a_row < config_.train.max_nonfinite) return;
    const fs::path list = options_.run / "nonfinite_batch.txt";
    std::string names;
    for (int64_t index : step.images) names += data_.images->name(index) + "\n";
    names = join(world_.exchange(names), "");  // all are here: the figures are those of all
    if (world_.is_first()) write_file(list, names);
    throw Error(fmt::format("the loss was not finite in {} steps in a row; the batch of step {} begins with {}",
                            state_.nonfinite_in_a_row, step.step, data_.images->name(step.images.front())))
        .file(text_of(list))
        .hint("lower optimizer.lr, or add a warm-up; the file lists the whole batch");
  }

  // What the processes must do alike: whether anybody is told to stop, whether somebody still writes a checkpoint.
  void agree() {
    torch::Tensor flags = torch::tensor({stop_signal(), writer_->is_pending() && !writer_->is_written() ? 1 : 0});
    world_.report_step(state_.step);
    world_.max(flags);
    result_.signal = flags[0].item<int>();
    if (writer_->is_pending() && flags[1].item<int>() == 0) finish_checkpoint();
  }

  // A fault in a benchmark must not cost the steps since the last checkpoint.
  bool validate_or_save() {
    account_for_all();
    std::exception_ptr failure;
    Verdict verdict;
    if (world_.is_first()) {
      try {
        verdict = validate();
      } catch (...) {
        failure = std::current_exception();
        verdict.failed = true;
      }
    }
    world_.wait_for_first("validation");
    torch::Tensor told = torch::tensor({double(verdict.failed), double(verdict.is_best), verdict.metric});
    world_.broadcast(told);
    if (told[0].item<double>() != 0) {
      save({own_folder()});
      finish_checkpoint();
      if (failure) std::rethrow_exception(failure);
      throw Error("the validation failed in the first process");
    }
    if (told[1].item<double>() == 0) return false;
    state_.best = {told[2].item<double>(), state_.step};
    return true;
  }

  std::vector<ValidationScore> scores() {
    Objective& objective = learner_->objective();
    return config_.task == "identity" ? validate_(objective.backbone()) : facerec::validate(objective, held_out_);
  }

  struct Verdict {
    bool failed = false, is_best = false;
    double metric = 0;
  };

  Verdict validate() {
    const std::vector<ValidationScore> found = scores();
    if (found.empty()) return {};
    double sum = 0;
    int deciding = 0;
    for (const ValidationScore& score : found) {
      if (score.decides) sum += score.value, ++deciding;
    }
    const double metric = sum / std::max(1, deciding);
    log_->validation(state_.step, found, metric);
    return {false, !state_.best || metric > state_.best->metric, metric};
  }

  fs::path own_folder() const { return checkpoint_folder(options_.run, state_.step); }

  void save(std::vector<fs::path> folders) {
    account_for_all();
    if (writer_->is_pending()) finish_checkpoint();
    writer_->start(std::move(folders), state_);
  }

  CheckpointWriter::Outcome finish_checkpoint() {
    const CheckpointWriter::Outcome outcome = writer_->finish();
    if (outcome != CheckpointWriter::Outcome::written || !world_.is_first()) return outcome;
    log_->checkpoint(writer_->times());
    if (config_.checkpoint.keep > 0) prune_checkpoints(options_.run, config_.checkpoint.keep);
    if (options_.after_checkpoint) options_.after_checkpoint();
    return outcome;
  }

  TrainResult finish() {
    account_for_all();
    if (finish_checkpoint() == CheckpointWriter::Outcome::failed) {
      throw Error("the last checkpoint could not be written").file(text_of(options_.run));
    }
    result_.bad_images = write_bad_inputs(options_.run, data_.problems, loader_->bad_inputs(), world_);
    result_.steps = state_.step;
    if (steps_here_ > 0) {
      result_.final_loss = last_.loss;
      result_.images_per_second = static_cast<double>(steps_here_ * images_per_step()) / clock_.seconds;
      result_.data_wait_share = clock_.wait_share();
    }
    result_.best = state_.best;
    result_.skipped_steps = state_.skipped_steps;
    if (log_) log_->end(result_);
    return result_;
  }

  const TrainOptions& options_;
  const TrainConfig& config_;
  const TrainingSet& data_;
  const Validate& validate_;
  const World& world_;
  torch::Device device_;
  std::vector<HeldOutSet> held_out_;
  RunLength length_{};
  RunState state_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<Loader> loader_;
  std::unique_ptr<CheckpointWriter> writer_;
  std::unique_ptr<RunLog> log_;    // of the first process alone
  std::deque<Underway> underway_;  // oldest first
  Learner::Step last_;
  StepClock clock_;
  int64_t steps_here_ = 0, stored_batches_per_epoch_ = 0;
  TrainResult result_;
};

}  // namespace

TrainResult train(const TrainOptions& options, const TrainingSet& data, const Validate& validate, const World& world) {
  std::optional<FolderLock> lock;
  if (world.is_first()) {
    lock.emplace(options.run);
    remove_temporaries(options.run);
    remove_temporaries(options.run / "checkpoints");
  }
  return Run(options, data, validate, world).run();
}

}  // namespace facerec
