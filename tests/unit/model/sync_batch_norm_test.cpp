#include "model/sync_batch_norm.h"

#include <gmock/gmock.h>

#include "model/layers.h"
#include "support/processes.h"

namespace facerec {
namespace {

using layers::BatchNorm;
using torch::Tensor;

constexpr int64_t channels = 6;

struct Case {
  torch::ScalarType type = torch::kFloat32;
  std::vector<int64_t> shape;  // of an image
  bool affine = true;
  torch::MemoryFormat format = torch::MemoryFormat::Contiguous;
  double tolerance = 2e-6;
};

Tensor images(int64_t count, const Case& of) {
  std::vector<int64_t> shape{count, channels};
  shape.insert(shape.end(), of.shape.begin(), of.shape.end());
  const Tensor x = torch::arange(c10::multiply_integers(shape), torch::kFloat64).mul_(0.37).sin_().view(shape);
  return (x + 0.5).to(of.type).contiguous(of.shape.size() == 2 ? of.format : torch::MemoryFormat::Contiguous);
}

std::shared_ptr<BatchNorm> norm_for(const Case& of) {
  auto norm = layers::norm(channels, torch::kCPU, {.eps = 1e-5, .momentum = 0.1, .affine = of.affine});
  const torch::NoGradGuard no_grad;
  if (of.affine) norm->weight.copy_(torch::linspace(0.5, 2, channels));
  if (of.affine) norm->bias.copy_(torch::linspace(-1, 1, channels));
  return norm;
}

Tensor objective(const Tensor& y, const Tensor& like) { return (y.square() * like.cos()).sum(); }

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance, const char* what) {
  const Tensor difference = (actual.to(torch::kFloat64) - expected.to(torch::kFloat64)).abs();
  if (difference.numel() == 0) return;
  const double size = std::max(1.0, expected.to(torch::kFloat64).abs().max().item<double>());
  EXPECT_LT(difference.max().item<double>(), tolerance * size) << what;
}

// Some images over 2 processes against all of them in one, which computes in fp64.
void check(const World& world, const Case& of, int64_t total) {
  const auto whole = norm_for(of), part = norm_for(of);
  whole->to(torch::kFloat64);
  if (of.type == torch::kFloat64) part->to(torch::kFloat64);
  synchronise_batch_norms(*part, world);
  const Tensor all = images(total, of);
  const Range own = world.share(total);
  for (int step = 0; step < 2; ++step) {
    Tensor x = all.to(torch::kFloat64, false, true).requires_grad_(),
           mine = all.narrow(0, own.first, own.count).clone().requires_grad_();
    const Tensor y = whole->forward(x), here = part->forward(mine);
    const Tensor like = all.to(torch::kFloat64);
    objective(y, like).backward();
    objective(here, like.narrow(0, own.first, own.count)).backward();
    EXPECT_EQ(here.scalar_type(), of.type);
    EXPECT_EQ(here.suggest_memory_format(), mine.suggest_memory_format());
    expect_near(here, y.narrow(0, own.first, own.count), of.tolerance, "output");
    expect_near(mine.grad(), x.grad().narrow(0, own.first, own.count), of.tolerance, "gradient of the images");
  }
  expect_near(part->running_mean, whole->running_mean, of.tolerance, "running mean");
  expect_near(part->running_var, whole->running_var, of.tolerance, "running variance");
  if (!of.affine) return;
  Tensor weight = part->weight.grad().clone(), bias = part->bias.grad().clone();
  world.sum(weight);
  world.sum(bias);
  expect_near(weight, whole->weight.grad(), of.tolerance, "gradient of the weight");
  expect_near(bias, whole->bias.grad(), of.tolerance, "gradient of the bias");
}

void check_in_two(const Case& of, int64_t total = 5) {
  test::run_together(2, [&](const World& world) { check(world, of, total); });
}

TEST(SyncBatchNorm, ImagesAreNormalisedOverAllProcesses) { check_in_two({.shape = {7, 5}}); }

TEST(SyncBatchNorm, ChannelsLastStays) {
  check_in_two({.shape = {7, 5}, .format = torch::MemoryFormat::ChannelsLast});
}

TEST(SyncBatchNorm, VectorsAndNormsWithoutWeights) { check_in_two({.shape = {}, .affine = false}); }

TEST(SyncBatchNorm, AProcessMayHaveOneImageOrNone) {
  check_in_two({.shape = {}}, 3);
  check_in_two({.shape = {3, 3}}, 1);
}

TEST(SyncBatchNorm, IsExactInDouble) {
  check_in_two({.type = torch::kFloat64, .shape = {7, 5}, .tolerance = 1e-12});
}

TEST(SyncBatchNorm, StatisticsOfBf16AreFp32) {
  check_in_two({.type = torch::kBFloat16, .shape = {7, 5}, .tolerance = 0.02});
}

TEST(SyncBatchNorm, EvaluationIsUnchanged) {
  test::run_together(2, [](const World& world) {
    const auto plain = norm_for({}), synchronised = norm_for({});
    synchronise_batch_norms(*synchronised, world);
    plain->eval();
    synchronised->eval();
    const Tensor x = images(world.rank() + 1, {.shape = {4, 4}});  // nothing is exchanged
    EXPECT_TRUE(synchronised->forward(x).equal(plain->forward(x)));
  });
}

}  // namespace
}  // namespace facerec
