#include "facerec/dist/world.h"

#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "dist/world_state.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

using c10d::ReduceOp;

constexpr int google_fatal = 3;  // of glog's levels

c10d::Backend& backend_of(const c10d::ProcessGroup& group, const at::Tensor& x) {
  return *const_cast<c10d::ProcessGroup&>(group).getBackend(x.device().type());
}

// Calls `work` with x where its memory is dense, else with a copy that is then written back.
template <class Work>
void in_place(at::Tensor& x, const Work& work) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> dense{x.detach().contiguous()};
  work(dense);
  if (dense.front().data_ptr() != x.data_ptr()) x.detach().copy_(dense.front());
}

}  // namespace

World::World() = default;

World::World(const ProcessPlace& place, at::Device device, std::chrono::seconds timeout) {
  if (place.size == 1) return;
  // c10d's own warnings, with its stack, would stand around the one message that says what happened.
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = google_fatal;
  // Gloo writes to processes that may be gone, and counts on an interpreter that ignores the signal, as Python does.
  std::signal(SIGPIPE, SIG_IGN);
  state_ = std::make_unique<State>(place, device, timeout);
  state_->join();
}

World::~World() = default;

int64_t World::rank() const { return state_ ? state_->place.rank : 0; }

int64_t World::size() const { return state_ ? state_->place.size : 1; }

void World::sum(at::Tensor& x) const {
  if (!state_) return;
  state_->run([&] {
    in_place(x, [&](std::vector<at::Tensor>& all) { backend_of(*state_->group, x).allreduce(all)->wait(); });
  });
}

void World::max(at::Tensor& x) const {
  if (!state_) return;
  c10d::AllreduceOptions options;
  options.reduceOp = ReduceOp::MAX;
  state_->run([&] {
    in_place(x, [&](std::vector<at::Tensor>& all) { backend_of(*state_->group, x).allreduce(all, options)->wait(); });
  });
}

void World::broadcast(at::Tensor& x, int64_t from) const {
  if (!state_) return;
  c10d::BroadcastOptions options;
  options.rootRank = from;
  state_->run([&] {
    in_place(x, [&](std::vector<at::Tensor>& all) { backend_of(*state_->group, x).broadcast(all, options)->wait(); });
  });
}

at::Tensor World::gather(const at::Tensor& rows, int64_t total) const {
  const int64_t own = share(total).count;
  if (rows.size(0) != own) {
    throw Error(fmt::format("process {} has {} rows, and its share of {} is {}", rank(), rows.size(0), total, own));
  }
  if (!state_) return rows.detach();
  const at::NoGradGuard no_grad;
  const int64_t most = share_of(total, 0, size()).count;
  at::Tensor padded = rows.detach().contiguous();
  if (own < most) {
    std::vector<int64_t> shape = padded.sizes().vec();
    shape[0] = most;
    const at::Tensor longer = padded.new_zeros(shape);
    longer.narrow(0, 0, own).copy_(padded);
    padded = longer;
  }
  std::vector<int64_t> shape = padded.sizes().vec();
  shape[0] = most * size();
  at::Tensor all = padded.new_empty(shape);
  at::Tensor to = all.view(-1).view(at::kByte), from = padded.view(-1).view(at::kByte);  // whatever the type
  if (to.numel() > 0) state_->run([&] { backend_of(*state_->group, rows)._allgather_base(to, from)->wait(); });
  if (total % size() == 0) return all;
  std::vector<at::Tensor> parts;
  for (int64_t process = 0; process < size(); ++process) {
    parts.push_back(all.narrow(0, process * most, share_of(total, process, size()).count));
  }
  return at::cat(parts);
}

std::vector<std::string> World::exchange(const std::string& text) const {
  if (!state_) return {text};
  at::Tensor lengths = torch::zeros({size()}, torch::kInt64);
  lengths[rank()] = static_cast<int64_t>(text.size());
  sum(lengths);
  at::Tensor row = torch::zeros({1, lengths.max().item<int64_t>()}, torch::kUInt8);
  std::copy(text.begin(), text.end(), row.data_ptr<uint8_t>());
  const at::Tensor rows = gather(row, size());
  std::vector<std::string> texts;
  for (int64_t process = 0; process < size(); ++process) {
    const auto* bytes = reinterpret_cast<const char*>(rows[process].data_ptr<uint8_t>());
    texts.emplace_back(bytes, static_cast<size_t>(lengths[process].item<int64_t>()));
  }
  return texts;
}

void World::wait_for_first(const std::string& what) const {
  if (!state_) return;
  state_->wait_for_first(what);
}

void World::report_step(int64_t step) const {
  if (state_) state_->pulse->set_step(step);
}

void World::on_waiting(std::function<void(bool)> listener) const {
  if (state_) state_->listener = std::move(listener);
}

}  // namespace facerec
