#include "recognize/align_run.h"

#include <algorithm>
#include <chrono>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/stop.h"
#include "recognize/in_order.h"

namespace facerec {
namespace {

// Images that a thread takes at a time. A call that goes on begins with a whole group, so that a detector is given the
// same images together whatever happened before.
constexpr int64_t group_size = 8;

constexpr int64_t lines_at_a_time = 4096;
constexpr auto sync_every = std::chrono::seconds(5);  // of work that a kill can cost

// The first image of a shard.
int64_t begin_of(const AlignTask& task, int64_t shard) {
  return task.source.images->size() * (shard - 1) / task.options.shard.count;
}

}  // namespace

AlignRun::AlignRun(const AlignTask& task, const fs::path& journal)
    : task_(task),
      journal_(journal),
      first_(begin_of(task, task.options.shard.index)),
      total_(begin_of(task, task.options.shard.index + 1) - first_),
      tally_(first_) {}

void AlignRun::take_up(const JournalLines& lines) {
  const int64_t kept = lines.size() >= total_ ? total_ : lines.size() / group_size * group_size;
  while (done_ < kept) {
    Records records(static_cast<size_t>(std::min(lines_at_a_time, kept - done_)));
    parallel_for(static_cast<int64_t>(records.size()), task_.options.threads, [&](int64_t i) {
      ImageRecord& record = records[static_cast<size_t>(i)];
      record = lines.record(done_ + i);
      if (!task_.crops.empty()) restore_crops(first_ + done_ + i, record);
    });
    for (const ImageRecord& record : records) tally_.add(record);
    done_ += static_cast<int64_t>(records.size());
  }
  bytes_ = lines.bytes(done_);
}

void AlignRun::restore_crops(int64_t image, const ImageRecord& record) const {
  const auto is_there = [&](size_t i) { return fs::exists(task_.crops / task_.names.file(image, i)); };
  size_t i = 0;
  while (i < record.crops.size() && is_there(i)) ++i;
  if (i == record.crops.size()) return;
  const std::vector<Image> crops = cut_crops(task_, image, record);
  for (; i < crops.size(); ++i) write_crop(task_, image, i, crops[i]);
}

bool AlignRun::run(const DetectorFactory& detectors, const AlignProgress& progress) {
  writer_ = std::make_unique<JournalWriter>(journal_, bytes_);
  const auto prepare = [&]() -> MakeRecords {
    const auto aligner = std::make_shared<ImageAligner>(task_, task_.landmarks == nullptr ? detectors() : nullptr);
    return [this, aligner](int64_t group) {
      const int64_t begin = group * group_size, end = std::min(begin + group_size, total_);
      return aligner->align(first_ + begin, first_ + end);
    };
  };
  auto synced = std::chrono::steady_clock::now();
  const auto take_up_group = [&](const Records& records) {
    take(records);
    if (progress) progress(done_, total_);
    if (std::chrono::steady_clock::now() - synced > sync_every) {
      sync();
      synced = std::chrono::steady_clock::now();
    }
    return stop_signal() == 0;
  };
  const int64_t groups = (total_ + group_size - 1) / group_size;
  try {
    make_in_order(done_ / group_size, done_ < total_ ? groups : done_ / group_size,
                  resolve_threads(task_.options.threads), prepare, take_up_group);
  } catch (...) {
    sync();  // what is done need not be done again
    throw;
  }
  sync();
  return done_ == total_;
}

void AlignRun::take(const Records& records) {
  for (const ImageRecord& record : records) {
    if (task_.options.strict && record.crops.empty()) {
      throw Error(record.reason)
          .file(task_.source.images->name(first_ + done_))
          .hint("without --strict such images are left out and listed");
    }
    tally_.add(record);
    writer_->append(record);
    ++done_;
  }
}

// The crops first: what the journal tells of is there.
void AlignRun::sync() {
  if (!task_.crops.empty()) sync_filesystem(task_.crops);
  writer_->sync();
}

}  // namespace facerec
