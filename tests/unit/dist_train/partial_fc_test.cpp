#include "train/partial_fc.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/train/optimizer.h"
#include "model/bytes.h"
#include "support/processes.h"
#include "support/reference.h"

namespace facerec {
namespace {

using torch::Tensor;

// arcface_torch's PartialFC_V2 with CombinedMarginLoss, in one process and in two.
struct Reference {
  Reference()
      : folder(test::test_data() / "reference" / "numerics" / "partial_fc"),
        file(folder / "partial_fc.safetensors"),
        json(nlohmann::json::parse(read_text(folder / "partial_fc.json"))) {}

  Tensor at(const std::string& name) const { return tensor_of(file.at(name)).clone(); }

  fs::path folder;
  SafetensorsFile file;
  nlohmann::json json;
};

struct Case {
  int64_t processes;
  std::string name;  // "arc_sr0.5"
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.processes << " " << each.name; }

HeadConfig head_of(const Case& each) {
  HeadConfig config;
  const bool arc = each.name.starts_with("arc");
  config.name = arc ? "arcface_torch" : "cosface";
  config.margin = arc ? 0.5 : 0.4;
  config.sample_rate = std::stod(each.name.substr(6));
  return config;
}

// The losses of the images by one head over the used classes of all processes.
Tensor rows_of(const Reference& reference, const Case& each, int step) {
  const HeadConfig config = head_of(each);
  std::vector<Tensor> weights, classes;
  for (int64_t rank = 0; rank < each.processes; ++rank) {
    const std::string prefix = fmt::format("world{}.{}.rank{}.", each.processes, each.name, rank);
    const Tensor weight = reference.at(prefix + (step == 0 ? "weight_init" : "step0.weight_after"));
    const Tensor used = config.sample_rate < 1 ? reference.at(fmt::format("{}step{}.weight_index", prefix, step))
                                               : torch::arange(weight.size(0));
    const std::string owner = prefix.substr(0, prefix.size() - 1);
    weights.push_back(weight.index_select(0, used));
    classes.push_back(used + reference.json.at("results").at(owner).at("class_start").get<int64_t>());
  }
  const Tensor all = torch::cat(weights), places = torch::searchsorted(torch::cat(classes), reference.at("labels"));
  HeadConfig whole = config;
  whole.sample_rate = 1;
  const auto head = make_head(whole, all.size(0), all.size(1));
  const torch::NoGradGuard without_gradient;
  head->weight.copy_(all);
  return torch::nn::functional::cross_entropy(
      head->logits(reference.at(fmt::format("embeddings_step{}", step)), places), places,
      torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kNone));
}

class PartialFCReference : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override { FACEREC_NEEDS_TEST_DATA(); }
};

TEST_P(PartialFCReference, LossGradientsAndUpdatedRowsAreThoseOfThePeer) {
  const Reference reference;
  const OptimizerConfig sgd{.lr = 0.1, .momentum = 0.9, .weight_decay = 5e-4};
  test::run_together(GetParam().processes, [&](const World& world) {
    const std::string prefix = fmt::format("world{}.{}.rank{}", world.size(), GetParam().name, world.rank());
    const nlohmann::json& figures = reference.json.at("results").at(prefix);
    const HeadConfig config = head_of(GetParam());
    PartialFC classifier(config, 21, 64, world);
    Head& head = *classifier.head();
    EXPECT_EQ(head.classes().held.first, figures.at("class_start"));
    EXPECT_EQ(head.classes().held.count, figures.at("num_local"));
    Optimizer optimizer(sgd, parameter_groups(head, "head.", sgd, 1));
    {
      const torch::NoGradGuard without_gradient;
      head.weight.copy_(reference.at(prefix + ".weight_init"));
    }
    const Tensor labels = reference.at("labels");
    const Range share = world.share(labels.size(0));
    Tensor used_before;
    for (int step = 0; step < 2; ++step) {
      const std::string at = fmt::format("{}.step{}", prefix, step);
      const Tensor embeddings =
          reference.at(fmt::format("embeddings_step{}", step)).narrow(0, share.first, share.count).requires_grad_();
      Tensor used = torch::arange(head.weight.size(0));
      if (config.sample_rate < 1) {
        used = reference.at(at + ".weight_index");
        classifier.use(used);
      }
      optimizer.zero_grad();
      const Tensor loss = classifier.loss({}, embeddings, labels);
      loss.backward();
      // The peer takes no probability for less than 1e-30, in what it tells; its gradient is that of the loss.
      const Tensor rows = rows_of(reference, GetParam(), step);
      EXPECT_NEAR(rows.clamp_max(-std::log(1e-30)).mean().item<double>(), figures.at(fmt::format("step{}.loss", step)),
                  2e-5);
      EXPECT_NEAR(loss.item<double>(), rows.mean().item<double>(), 2e-5);
      EXPECT_TRUE(torch::allclose(embeddings.grad(), reference.at(at + ".grad_embeddings"), 1e-4, 1e-6)) << at;
      const Tensor gradient = head.sampled().empty() ? head.weight.grad() : head.sampled().front().values.grad();
      EXPECT_TRUE(torch::allclose(gradient, reference.at(at + ".grad_weight").index_select(0, used), 1e-4, 1e-4)) << at;
      // The peer moves rows that are not sampled too, by weight decay and momentum: rows are compared whose momentum
      // is the same.
      const Tensor before = head.weight.detach().clone();
      optimizer.set_rate(0.1);
      optimizer.step(torch::zeros({}), head.sampled());
      const Tensor same = step == 0 ? used : used.masked_select(torch::isin(used, used_before));
      EXPECT_TRUE(torch::allclose(head.weight.index_select(0, same),
                                  reference.at(at + ".weight_after").index_select(0, same), 1e-4, 1e-5))
          << at;
      const Tensor unused = torch::isin(torch::arange(before.size(0)), used).logical_not();
      EXPECT_TRUE(torch::equal(head.weight.detach().index({unused}), before.index({unused}))) << at;
      const torch::NoGradGuard without_gradient;
      head.weight.copy_(reference.at(at + ".weight_after"));
      used_before = used;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Numerics, PartialFCReference,
                         testing::Values(Case{1, "arc_sr1"}, Case{1, "arc_sr0.5"}, Case{1, "arc_sr0.2"},
                                         Case{1, "cos_sr1"}, Case{1, "cos_sr0.5"}, Case{1, "cos_sr0.2"},
                                         Case{2, "arc_sr1"}, Case{2, "arc_sr0.5"}, Case{2, "arc_sr0.2"},
                                         Case{2, "cos_sr1"}, Case{2, "cos_sr0.5"}, Case{2, "cos_sr0.2"}));

constexpr int64_t classes = 11, size = 8, images = 7;

struct Inputs {
  Inputs() {
    torch::manual_seed(3);
    embeddings = torch::randn({images, size}) * 4;
    labels = torch::randint(classes, {images}, torch::kInt64);
  }
  Tensor embeddings, labels;
};

struct Outcome {
  double loss = 0;
  Tensor embeddings, weight;  // gradients, of this process's images and classes
  std::vector<Tensor> state;
};

HeadConfig config_of(const std::string& name) {
  HeadConfig config;
  config.name = name;
  if (name == "sphereface") config.margin = 4;
  if (name == "curricularface" || name == "adaface") config.t_alpha = 0.5;
  return config;
}

// Two steps; those of the second, in which a head that keeps a state uses what the first left.
Outcome outcome_of(const std::string& name, const ClassificationLossConfig& config, const World& world) {
  const Inputs inputs;
  torch::manual_seed(4);
  PartialFC classifier(config_of(name), classes, size, world);
  Head& head = *classifier.head();
  head.train();
  const Range share = world.share(images);
  Outcome outcome;
  for (int step = 0; step < 2; ++step) {
    head.zero_grad();
    const Tensor embeddings = (inputs.embeddings * (1 + step)).narrow(0, share.first, share.count).requires_grad_();
    const Tensor loss = classifier.loss(config, embeddings, inputs.labels);
    loss.backward();
    outcome.loss = loss.item<double>();
    outcome.embeddings = embeddings.grad() / world.size();
  }
  outcome.weight = head.weight.grad();
  outcome.state = head.buffers();
  return outcome;
}

void expect_the_same_as_alone(const std::string& name, const ClassificationLossConfig& loss, const World& world) {
  const Outcome whole = outcome_of(name, loss, World()), own = outcome_of(name, loss, world);
  EXPECT_NEAR(own.loss, whole.loss, 1e-5 * std::abs(whole.loss));
  const auto [image, image_count] = world.share(images);
  EXPECT_TRUE(torch::allclose(own.embeddings, whole.embeddings.narrow(0, image, image_count), 1e-4, 1e-6));
  const int64_t centers = whole.weight.size(0) / classes;
  const auto [row, rows] = world.share(classes);
  EXPECT_TRUE(torch::allclose(own.weight, whole.weight.narrow(0, row * centers, rows * centers), 1e-4, 1e-6));
  ASSERT_EQ(own.state.size(), whole.state.size());
  for (size_t i = 0; i < own.state.size(); ++i) {
    EXPECT_TRUE(torch::allclose(own.state[i], whole.state[i], 1e-5, 1e-6));
  }
}

class EveryHead : public testing::TestWithParam<std::string> {};

TEST_P(EveryHead, IsTheSameInTwoAndThreeProcesses) {
  for (const int64_t processes : {2, 3}) {
    test::run_together(processes, [](const World& world) { expect_the_same_as_alone(GetParam(), {}, world); });
  }
}

INSTANTIATE_TEST_SUITE_P(PartialFC, EveryHead, testing::ValuesIn(head_names()));

TEST(PartialFC, EveryLossIsTheSameInTwoProcesses) {
  test::run_together(2, [](const World& world) {
    for (const std::string name : {"cross_entropy", "focal", "focal_batch"}) {
      const ClassificationLossConfig loss{.name = name, .weight = 0.7, .gamma = 1.5, .label_smoothing = 0.1};
      expect_the_same_as_alone("arcface", loss, world);
    }
  });
}

TEST(PartialFC, ASampleHasTheClassesOfTheLabelsAndNoOthersThanAreHeld) {
  test::run_together(1, [](const World& world) {
    torch::manual_seed(1);
    PartialFC classifier({.sample_rate = 0.3}, 100, size, world);
    const Tensor labels = torch::tensor({5, 5, 99, 0}, torch::kInt64);
    std::vector<bool> drawn(100);
    for (int step = 0; step < 60; ++step) {
      classifier.sample(labels);
      const Tensor rows = classifier.head()->sampled().front().rows;
      ASSERT_EQ(rows.numel(), 30);
      EXPECT_TRUE(torch::isin(torch::tensor({0, 5, 99}, torch::kInt64), rows).all().item<bool>());
      EXPECT_TRUE((rows.diff() > 0).all().item<bool>()) << "ascending, each once";
      for (int64_t i = 0; i < rows.numel(); ++i) drawn[static_cast<size_t>(rows[i].item<int64_t>())] = true;
    }
    EXPECT_TRUE(std::all_of(drawn.begin(), drawn.end(), [](bool each) { return each; })) << "every class has its turn";
  });
}

TEST(PartialFC, OnlySampledRowsAreUpdated) {
  test::run_together(1, [](const World& world) {
    torch::manual_seed(1);
    const OptimizerConfig adam{.name = "adamw", .lr = 0.1, .weight_decay = 0.1};
    PartialFC classifier({.name = "subcenter_arcface", .centers = 2, .sample_rate = 0.2}, 20, size, world);
    Head& head = *classifier.head();
    Optimizer optimizer(adam, parameter_groups(head, "head.", adam, 1));
    const Tensor before = head.weight.detach().clone();
    const Tensor labels = torch::tensor({3, 7}, torch::kInt64);
    classifier.sample(labels);
    classifier.loss({}, torch::randn({2, size}), labels).backward();
    optimizer.set_rate(0.1);
    optimizer.step(torch::zeros({}), head.sampled());
    const Tensor rows = head.sampled().front().rows;
    EXPECT_EQ(rows.numel(), 2 * 4) << "both centres of each class";
    const Tensor moved = (head.weight.detach() != before).any(1).nonzero().squeeze(1);
    EXPECT_TRUE(torch::equal(moved, rows));
  });
}

TEST(PartialFC, MoreProcessesThanClassesAreRefused) {
  test::run_together(3, [](const World& world) {
    try {
      PartialFC({}, 2, size, world);
      ADD_FAILURE() << "it was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::usage);
      EXPECT_THAT(error.message(), testing::HasSubstr("3 processes"));
    }
  });
}

}  // namespace
}  // namespace facerec
