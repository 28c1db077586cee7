#include "train/checkpoint_writer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "facerec/config/config.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// The same bytes under a second name, where the filesystem can.
void link_file(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::create_hard_link(from, to, code);
  if (code) fs::copy_file(from, to);
}

}  // namespace

CheckpointWriter::~CheckpointWriter() {
  if (written_.valid()) written_.wait();
}

// The first process makes them and tells the others where.
void CheckpointWriter::make_folders(std::vector<fs::path> folders) {
  nlohmann::json names = nlohmann::json::array();
  std::string failure;
  try {
    for (fs::path& folder : folders) {
      if (!learner_.world().is_first()) break;
      own_.push_back(std::make_unique<FolderWriter>(std::move(folder)));
      names.push_back(text_of(own_.back()->temporary()));
    }
  } catch (const Error& error) {
    failure = error.what();
    names.clear();
    own_.clear();
  }
  temporary_.clear();
  const std::string told = learner_.world().exchange(names.dump()).front();
  for (const auto& name : nlohmann::json::parse(told)) temporary_.emplace_back(name.get<std::string>());
  if (!failure.empty()) spdlog::warn("no checkpoint could be begun: {}; the training goes on without it", failure);
}

std::string CheckpointWriter::write(const std::vector<TensorsToSave>& files) const {
  const auto begin = Clock::now();
  try {
    const auto digests = write_tensors(temporary_.front(), files);
    for (size_t i = 1; i < temporary_.size(); ++i) {
      for (const auto& [name, digest] : digests) link_file(temporary_.front() / name, temporary_[i] / name);
    }
    return to_json_text({{"files", digests}, {"seconds", seconds_since(begin)}});
  } catch (const std::exception& failure) {
    return to_json_text({{"failure", failure.what()}});
  }
}

void CheckpointWriter::start(std::vector<fs::path> folders, const RunState& state) {
  if (is_pending()) finish();
  const auto begin = Clock::now();
  times_ = {state.step};
  make_folders(std::move(folders));
  not_begun_ = temporary_.empty();
  if (not_begun_) return;
  state_ = std::make_unique<RunState>(state);
  state_->files.clear();  // of a resumed run: those of the checkpoint that it goes on from
  auto files = std::make_shared<const std::vector<TensorsToSave>>(snapshot(learner_, state.config));
  written_ = std::async(std::launch::async, [this, files] { return write(*files); });
  times_.stall_seconds = seconds_since(begin);
}

bool CheckpointWriter::is_written() const {
  return written_.valid() && written_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

void CheckpointWriter::commit(const std::vector<std::string>& answers) {
  for (const std::string& answer : answers) {
    const auto json = nlohmann::json::parse(answer);
    if (json.contains("failure")) throw Error(json.at("failure").get<std::string>());
    state_->files.merge(json.at("files").get<std::map<std::string, std::string>>());
    times_.write_seconds = std::max(times_.write_seconds, json.at("seconds").get<double>());
  }
  for (const auto& folder : own_) {
    write_run_state(folder->temporary(), *state_);
    folder->commit();
  }
}

CheckpointWriter::Outcome CheckpointWriter::finish() {
  if (!is_pending()) return std::exchange(not_begun_, false) ? Outcome::failed : Outcome::none;
  const auto begin = Clock::now();
  const World& world = learner_.world();
  const std::vector<std::string> answers = world.exchange(written_.get());
  std::string failure;
  try {
    commit(answers);
  } catch (const Error& error) {
    failure = error.what();
  }
  own_.clear();
  state_.reset();
  // The first process alone knows whether the folders have their names.
  failure = world.exchange(failure).front();
  times_.stall_seconds += seconds_since(begin);
  if (failure.empty()) return Outcome::written;
  if (world.is_first()) {
    spdlog::warn("the checkpoint of step {} could not be written: {}; the training goes on without it", times_.step,
                 failure);
  }
  return Outcome::failed;
}

}  // namespace facerec
