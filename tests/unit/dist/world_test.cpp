#include "facerec/dist/world.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "dist/gather.h"
#include "facerec/core/error.h"
#include "support/processes.h"

namespace facerec {
namespace {

using test::run_together;
using testing::ElementsAre;

at::Tensor numbers(at::IntArrayRef shape) {
  return torch::arange(c10::multiply_integers(shape), torch::kFloat32).view(shape).sin();
}

TEST(ShareOf, DividesAllAndGivesTheRemainderToTheLowRanks) {
  for (int64_t total : {0, 1, 5, 7, 12}) {
    int64_t next = 0;
    for (int64_t rank = 0; rank < 4; ++rank) {
      const Range share = share_of(total, rank, 4);
      EXPECT_EQ(share.first, next);
      EXPECT_EQ(share.count, total / 4 + (rank < total % 4 ? 1 : 0));
      next += share.count;
    }
    EXPECT_EQ(next, total);
  }
}

TEST(WorldAlone, LeavesTensorsAsTheyAre) {
  const World world;
  at::Tensor x = numbers({3, 2});
  const at::Tensor before = x.clone();
  world.sum(x);
  world.max(x);
  world.broadcast(x);
  world.wait_for_first("validation");
  EXPECT_TRUE(x.equal(before));
  EXPECT_TRUE(world.gather(x, 3).equal(before));
  EXPECT_THAT(world.exchange("here"), ElementsAre("here"));
  EXPECT_TRUE(world.is_first());
  EXPECT_EQ(world.size(), 1);
}

TEST(WorldOfThree, SumsMaximaAndBroadcastsOfAnyTypeAndLayout) {
  run_together(3, [](const World& world) {
    const auto rank = static_cast<double>(world.rank());
    for (auto type : {torch::kFloat32, torch::kFloat64, torch::kInt64, torch::kBFloat16, torch::kHalf}) {
      at::Tensor sum = torch::full({2, 2}, rank + 1, type), max = torch::full({3}, rank, type);
      at::Tensor from = torch::full({3}, rank, type);
      world.sum(sum);
      world.max(max);
      world.broadcast(from, 1);
      EXPECT_TRUE(sum.eq(6).all().item<bool>()) << type;
      EXPECT_TRUE(max.eq(2).all().item<bool>()) << type;
      EXPECT_TRUE(from.eq(1).all().item<bool>()) << type;
    }
    const at::Tensor whole = torch::zeros({4, 6});
    at::Tensor part = whole.narrow(1, 2, 2), scalar = torch::full({}, rank);
    part.fill_(rank);
    world.sum(part);
    world.sum(scalar);
    EXPECT_EQ(whole.sum().item<double>(), 24);
    EXPECT_EQ(scalar.item<double>(), 3);
    at::Tensor images = torch::full({2, 3, 4, 4}, rank).contiguous(at::MemoryFormat::ChannelsLast);
    world.sum(images);
    EXPECT_TRUE(images.eq(3).all().item<bool>());
  });
}

TEST(WorldOfThree, GathersUnevenSharesByRank) {
  run_together(3, [](const World& world) {
    for (int64_t total : {7, 6, 2, 0}) {
      const at::Tensor all = numbers({total, 5});
      const Range own = world.share(total);
      EXPECT_TRUE(world.gather(all.narrow(0, own.first, own.count), total).equal(all)) << total;
    }
    const at::Tensor labels = torch::arange(4);
    const Range own = world.share(4);
    EXPECT_TRUE(world.gather(labels.narrow(0, own.first, own.count), 4).equal(labels));
    EXPECT_THROW(world.gather(torch::zeros({4, 5}), 7), Error);
  });
}

TEST(WorldOfThree, ExchangesTextsByRank) {
  run_together(3, [](const World& world) {
    for (int i = 0; i < 3; ++i) {
      const std::string own =
          world.rank() == 1 ? "" : fmt::format("{} of {} in round {}", world.rank(), world.size(), i);
      EXPECT_THAT(world.exchange(own),
                  ElementsAre(fmt::format("0 of 3 in round {}", i), "", fmt::format("2 of 3 in round {}", i)));
    }
  });
}

TEST(WorldOfThree, OthersWaitForTheFirst) {
  test::Processes processes(3, [](const ProcessPlace& place) {
    const World world(place, at::kCPU, std::chrono::seconds(1));  // waiting for the first is not bounded by it
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 2; ++i) {
      if (world.is_first()) std::this_thread::sleep_for(std::chrono::milliseconds(800));
      world.wait_for_first("validation");
    }
    EXPECT_GT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1500));
  });
  for (const test::Ended& ended : processes.wait()) EXPECT_EQ(ended.code, 0) << ended.text;
}

// The loss of the whole batch, a function of all rows at once.
at::Tensor loss_of(const at::Tensor& rows, const at::Tensor& weights) {
  return rows.matmul(weights).matmul(rows.t()).softmax(1).pow(2).sum();
}

// Gradients of the rows as one process has them, over which processes then average: mean over processes = own gradient
// of the whole loss for everything that is computed from own rows only.
TEST(GatherForAll, GradientsAreThoseOfOneProcess) {
  run_together(2, [](const World& world) {
    const at::Tensor whole = numbers({5, 3}), weights = numbers({3, 3});
    at::Tensor all = whole.clone().requires_grad_();
    loss_of(all, weights).backward();
    const Range own = world.share(5);
    at::Tensor rows = whole.narrow(0, own.first, own.count).clone().requires_grad_();
    const at::Tensor loss = loss_of(gather_for_all(rows, 5, world), weights);
    loss.backward();
    EXPECT_TRUE(rows.grad().div(2).allclose(all.grad().narrow(0, own.first, own.count), 1e-6, 1e-7));
  });
}

TEST(GatherForParts, GradientsAreThoseOfOneProcess) {
  run_together(2, [](const World& world) {
    const at::Tensor whole = numbers({5, 3}), weights = numbers({3, 7});
    at::Tensor all = whole.clone().requires_grad_();
    all.matmul(weights).tanh().pow(2).sum().backward();
    const Range rows_here = world.share(5), columns = world.share(7);
    at::Tensor rows = whole.narrow(0, rows_here.first, rows_here.count).clone().requires_grad_();
    const at::Tensor part = weights.narrow(1, columns.first, columns.count);
    gather_for_parts(rows, 5, world).matmul(part).tanh().pow(2).sum().backward();
    EXPECT_TRUE(rows.grad().div(2).allclose(all.grad().narrow(0, rows_here.first, rows_here.count), 1e-6, 1e-7));
  });
}

}  // namespace
}  // namespace facerec
