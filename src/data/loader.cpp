#include "facerec/data/loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/random.h"
#include "facerec/core/share.h"
#include "facerec/data/augment.h"

namespace facerec {
namespace {

// Reads image `index` into `rgb`, width × height × 3 bytes.
void load_at_size(const Dataset& data, int64_t index, int width, int height, uint8_t* rgb) {
  const Sample sample = data.read(index);
  if (!sample.pixels.rgb.empty()) return resize(sample.pixels, width, height, rgb);
  try {
    decode_image(sample.encoded, width, height, rgb);
  } catch (Error& error) {
    throw std::move(error).file(data.name(index));
  }
}

// Of an image in the run.
struct Place {
  uint64_t epoch, position;
};

}  // namespace

// Batches are numbered over all epochs. A worker takes the next image of the oldest batch that is not fully handed out,
// so that all of them work on the batch that is waited for; at most `ahead` batches are under way.
struct Loader::State {
  struct Pending {
    Batch batch;
    int64_t handed_out = 0, finished = 0;
  };

  State(std::shared_ptr<const Dataset> images, std::shared_ptr<const Sampler> order, const LoaderOptions& all)
      : data(std::move(images)),
        sampler(std::move(order)),
        options(all),
        augment(all.augment, all.low_resolution, all.width, all.height) {}

  std::shared_ptr<const Dataset> data;
  std::shared_ptr<const Sampler> sampler;
  LoaderOptions options;
  Augment augment;
  int64_t per_epoch = 0;
  static constexpr int64_t ahead = 4;

  std::mutex mutex;
  std::condition_variable work_wanted, batch_ready;
  std::map<int64_t, Pending> pending;                                      // by batch number
  std::vector<std::vector<uint8_t>> spare;                                 // memory of batches that were given back
  int64_t next_out = 0;                                                    // batch number that next() returns
  int64_t next_in = 0;                                                     // batch number that is started next
  std::map<int64_t, std::shared_ptr<const std::vector<uint32_t>>> orders;  // by epoch
  std::map<std::string, std::string> bad;
  std::exception_ptr failure;
  bool stopping = false;
  double waited = 0;
  std::vector<std::jthread> workers;

  // Images in a batch, by its number in the epoch.
  int64_t batch_length(int64_t in_epoch) const {
    return std::min(options.batch_size, sampler->length() - in_epoch * options.batch_size);
  }

  // Those that are made here.
  Range share(int64_t in_epoch) const { return share_of(batch_length(in_epoch), options.process, options.processes); }

  std::shared_ptr<const std::vector<uint32_t>> order_of(int64_t epoch) {
    auto& order = orders[epoch];
    if (!order) {
      order = std::make_shared<const std::vector<uint32_t>>(sampler->order(epoch));
      orders.erase(orders.begin(), orders.lower_bound(next_out / per_epoch));
    }
    return orders[epoch];
  }

  void start_batch() {
    const int64_t in_epoch = next_in % per_epoch, length = share(in_epoch).count;
    Pending& fresh = pending[next_in++];
    fresh.batch.total = batch_length(in_epoch);
    fresh.batch.labels.resize(static_cast<size_t>(length));
    fresh.batch.indices.resize(static_cast<size_t>(length));
    if (!spare.empty()) {
      fresh.batch.pixels = std::move(spare.back());
      spare.pop_back();
    }
    fresh.batch.pixels.resize(static_cast<size_t>(length * options.width * options.height) * 3);
  }

  void load_into(int64_t index, const Place& place, uint8_t* rgb) const {
    if (!augment.only_flips()) {
      return augment.apply(load_image(*data, index), options.seed, place.epoch, place.position, rgb);
    }
    load_at_size(*data, index, options.width, options.height, rgb);
    if (augment.flips(options.seed, place.epoch, place.position)) mirror(rgb, options.width, options.height);
  }

  void load_or_blacken(int64_t index, const Place& place, Batch& batch, uint8_t* rgb) {
    try {
      load_into(index, place, rgb);
    } catch (const Error& error) {
      std::fill_n(rgb, static_cast<size_t>(options.width * options.height) * 3, uint8_t{0});
      const std::lock_guard lock(mutex);
      batch.broken.push_back({index, error.message()});
    }
  }

  // Reads the image `index`, or when it is broken a substitute that is drawn, whose index it then is.
  void load(int64_t& index, const Place& place, uint8_t* rgb) {
    Random random("augment", {options.seed, place.epoch, place.position});
    random();  // the draw of the flip
    for (int attempt = 0;; ++attempt) {
      try {
        return load_into(index, place, rgb);
      } catch (const Error& error) {
        if (options.strict) throw;
        const std::lock_guard lock(mutex);
        bad.emplace(data->name(index), error.message());
        if (attempt == 100)
          throw Error("a hundred images in a row cannot be read, the last one: " + std::string(error.what()));
      }
      index = static_cast<int64_t>(random.below(static_cast<uint64_t>(data->size())));
    }
  }

  void fill(int64_t number, int64_t slot, Batch& batch) {
    const int64_t epoch = number / per_epoch;
    const int64_t in_epoch = number % per_epoch;
    const int64_t position = in_epoch * options.batch_size + share(in_epoch).first + slot;
    std::unique_lock lock(mutex);
    const auto order = order_of(epoch);
    lock.unlock();
    const Place place{static_cast<uint64_t>(epoch), static_cast<uint64_t>(position)};
    int64_t index = (*order)[static_cast<size_t>(position)];
    const auto i = static_cast<size_t>(slot);
    uint8_t* rgb = batch.pixels.data() + i * static_cast<size_t>(options.width * options.height) * 3;
    if (options.keep_broken) {
      load_or_blacken(index, place, batch, rgb);
    } else {
      load(index, place, rgb);
    }
    batch.labels[i] = data->label(index);
    batch.indices[i] = index;
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    work_wanted.notify_all();
  }

  // Never throws: what goes wrong is kept for next().
  void work() {
    std::unique_lock lock(mutex);
    while (!failure) {
      auto open = std::find_if(pending.begin(), pending.end(),
                               [](const auto& entry) { return entry.second.handed_out < entry.second.batch.size(); });
      if (open == pending.end()) {
        if (stopping) return;
        if (next_in < next_out + ahead && (options.epochs == 0 || next_in < options.epochs * per_epoch)) {
          try {
            start_batch();
          } catch (...) {
            failure = std::current_exception();
            batch_ready.notify_all();
          }
          continue;
        }
        work_wanted.wait(lock);
        continue;
      }
      if (stopping) return;
      auto& [number, entry] = *open;
      const int64_t slot = entry.handed_out++;
      lock.unlock();
      try {
        fill(number, slot, entry.batch);
        lock.lock();
      } catch (...) {
        lock.lock();
        if (!failure) failure = std::current_exception();
      }
      if (++entry.finished == entry.batch.size() || failure) batch_ready.notify_all();
    }
  }
};

int64_t batches_per_epoch(int64_t images, const LoaderOptions& options) {
  const int64_t rounding = options.drop_last ? 0 : options.batch_size - 1;
  const int64_t batches = (images + rounding) / options.batch_size;
  const int64_t last = options.drop_last ? options.batch_size : images - (batches - 1) * options.batch_size;
  if (batches > 0 && last < options.processes) {
    throw Error::usage("a batch has " + std::to_string(last) + " images, and " + std::to_string(options.processes) +
                       " processes share it")
        .hint("raise it, or start fewer processes")
        .key("train.batch_size");
  }
  if (batches > 0) return batches;
  throw Error::usage("the data set has " + std::to_string(images) + " images, fewer than a batch of " +
                     std::to_string(options.batch_size))
      .hint("lower train.batch_size")
      .key("train.batch_size");
}

Loader::Loader(std::shared_ptr<const Dataset> data, std::shared_ptr<const Sampler> sampler,
               const LoaderOptions& options, LoaderPosition start)
    : state_(std::make_unique<State>(std::move(data), std::move(sampler), options)) {
  State& s = *state_;
  s.per_epoch = batches_per_epoch(s.sampler->length(), options);
  s.next_out = s.next_in = start.epoch * s.per_epoch + start.batch;
  try {
    for (int i = resolve_threads(options.workers); i > 0; --i) s.workers.emplace_back([&s] { s.work(); });
  } catch (const std::system_error& failure) {
    s.stop();
    throw Error(std::string("the threads that decode cannot be started: ") + failure.what()).hint("lower data.workers");
  }
}

Loader::~Loader() { state_->stop(); }

Batch Loader::next() {
  State& s = *state_;
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock lock(s.mutex);
  s.batch_ready.wait(lock, [&] {
    const auto found = s.pending.find(s.next_out);
    return s.failure || (found != s.pending.end() && found->second.finished == found->second.batch.size());
  });
  s.waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (s.failure) std::rethrow_exception(s.failure);
  Batch batch = std::move(s.pending.at(s.next_out).batch);
  s.pending.erase(s.next_out++);
  lock.unlock();
  s.work_wanted.notify_all();
  std::ranges::sort(batch.broken, [&](const BrokenImage& a, const BrokenImage& b) { return a.index < b.index; });
  return batch;
}

void Loader::give_back(Batch batch) {
  const std::lock_guard lock(state_->mutex);
  if (static_cast<int64_t>(state_->spare.size()) < State::ahead) state_->spare.push_back(std::move(batch.pixels));
}

LoaderPosition Loader::position() const {
  return {state_->next_out / state_->per_epoch, state_->next_out % state_->per_epoch};
}

double Loader::seconds_waited() const { return state_->waited; }

std::vector<BadInput> Loader::bad_inputs() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<BadInput> list;
  for (const auto& [name, reason] : state_->bad) list.push_back({name, reason});
  return list;
}

}  // namespace facerec
