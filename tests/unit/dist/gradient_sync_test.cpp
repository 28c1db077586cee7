#include "dist/gradient_sync.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "support/processes.h"

namespace facerec {
namespace {

using test::run_together;

struct Network {
  // 13 MB: more than the first bucket. In double precision, where rounding hides no fault.
  at::Tensor kernel = weights({16, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  at::Tensor first = weights({16 * 36, 2900}).requires_grad_();
  at::Tensor frozen = weights({2900});
  at::Tensor second = weights({2900, 2}).requires_grad_();

  static at::Tensor weights(at::IntArrayRef shape) {
    return torch::arange(c10::multiply_integers(shape), torch::kFloat64).mul_(0.7).sin_().mul_(0.05).view(shape);
  }

  std::vector<std::pair<std::string, at::Tensor>> parameters() const {
    return {{"kernel", kernel}, {"first", first}, {"frozen", frozen}, {"second", second}};
  }

  // The mean over the images, times their share in the whole: sums over processes are those of the whole.
  at::Tensor loss(const at::Tensor& images, int64_t whole) const {
    const at::Tensor x = torch::conv2d(images, kernel).tanh().flatten(1).matmul(first).add(frozen).tanh();
    return x.matmul(second).pow(2).sum() / static_cast<double>(whole);
  }

  std::vector<at::Tensor> learnt() const { return {kernel, first, second}; }

  void drop_gradients() const {
    for (at::Tensor parameter : learnt()) parameter.mutable_grad().reset();
  }
};

at::Tensor images_of(int64_t count, int64_t step) {
  return torch::arange(count * 3 * 64, torch::kFloat64).add_(static_cast<double>(step)).sin_().view({count, 3, 8, 8});
}

void expect_equal_gradients(const Network& here, const Network& whole) {
  for (size_t i = 0; i < here.learnt().size(); ++i) {
    const at::Tensor& gradient = here.learnt()[i].grad();
    ASSERT_TRUE(gradient.defined());
    EXPECT_TRUE(gradient.allclose(whole.learnt()[i].grad(), 1e-10, 1e-12)) << "parameter " << i;
  }
}

// Steps over uneven shares of 5 images, with dropped or zeroed gradients between them, and against the whole batch.
void check_steps(const World& world, bool drop) {
  Network here, whole;
  GradientSync sync(here.parameters(), world);
  for (int64_t step = 0; step < 3; ++step) {
    const at::Tensor images = images_of(5, step);
    const Range own = world.share(5);
    whole.drop_gradients();
    whole.loss(images, 5).backward();
    if (drop) here.drop_gradients();
    for (const at::Tensor& parameter : here.learnt()) {
      if (!drop && parameter.grad().defined()) parameter.mutable_grad().zero_();
    }
    const at::Tensor loss = here.loss(images.narrow(0, own.first, own.count), 5) * static_cast<double>(world.size());
    sync.prepare({loss});
    sync.backward(loss);
    expect_equal_gradients(here, whole);
    EXPECT_TRUE(here.kernel.grad().is_contiguous(at::MemoryFormat::ChannelsLast));
  }
}

TEST(GradientSync, GradientsAreThoseOfTheWholeBatch) {
  run_together(2, [](const World& world) { check_steps(world, true); });
}

TEST(GradientSync, GradientsMayBeZeroedInPlace) {
  run_together(2, [](const World& world) { check_steps(world, false); });
}

TEST(GradientSync, AccumulatesOverTwoPassesBeforeOneAverage) {
  run_together(2, [](const World& world) {
    Network here, whole;
    GradientSync sync(here.parameters(), world);
    for (int64_t step = 0; step < 2; ++step) {
      here.drop_gradients();
      whole.drop_gradients();
      for (int64_t pass = 0; pass < 2; ++pass) {
        const at::Tensor images = images_of(4, 2 * step + pass);
        whole.loss(images, 4).backward();
        const Range own = world.share(4);
        const at::Tensor loss =
            here.loss(images.narrow(0, own.first, own.count), 4) * static_cast<double>(world.size());
        if (pass == 1) sync.prepare({loss});
        sync.backward(loss);
      }
      expect_equal_gradients(here, whole);
    }
  });
}

TEST(GradientSync, BeginsWithTheParametersOfTheFirst) {
  run_together(2, [](const World& world) {
    Network here;
    const Network first;
    const at::NoGradGuard no_grad;
    for (const auto& [name, parameter] : here.parameters())
      at::Tensor(parameter).add_(static_cast<double>(world.rank()));
    const GradientSync sync(here.parameters(), world);
    for (size_t i = 0; i < here.parameters().size(); ++i) {
      EXPECT_TRUE(here.parameters()[i].second.equal(first.parameters()[i].second));
    }
  });
}

TEST(GradientSync, AveragesThePartThatAPassReached) {
  run_together(2, [](const World& world) {
    Network here;
    GradientSync sync(here.parameters(), world);
    const auto rank = static_cast<double>(world.rank());
    sync.backward((here.second * rank).sum() + (here.kernel * (rank + 1)).sum());
    sync.average_now();
    EXPECT_TRUE(here.second.grad().eq(0.5).all().item<bool>());
    EXPECT_TRUE(here.kernel.grad().eq(1.5).all().item<bool>());
    EXPECT_FALSE(here.first.grad().defined());
    // And the next pass over all is as ever.
    here.drop_gradients();
    const at::Tensor loss = here.loss(images_of(2, 0), 2);
    sync.prepare({loss});
    sync.backward(loss);
    Network whole;
    whole.loss(images_of(2, 0), 2).backward();
    expect_equal_gradients(here, whole);
  });
}

}  // namespace
}  // namespace facerec
