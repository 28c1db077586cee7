// Fine-tuning a published network on real faces.
#include <gmock/gmock.h>

#include <cstring>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "facerec/io/tensor_file.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

// While only the head learns, nothing of the network moves, BatchNorm's statistics included: the benchmark afterwards
// is that before, to the last pair.
TEST(Finetune, LeavesThePublishedNetworkAsItWasWhileOnlyTheHeadLearns) {
  FACEREC_NEEDS_TEST_DATA();
  const TemporaryFolder folder;
  const fs::path data = test_data() / "data";
  const std::string weights = data / "weights" / "mobilefacenet_foamliu.pt", config = folder / "tune.yaml";
  write_file(config,
             "data: {min_images: 2}\nhead: {name: arcface}\n"
             "train: {max_steps: 3, batch_size: 16, head_warmup_steps: 3, precision: fp32, log_every: 1, "
             "memory_format: channels_first}\n"
             "validation: {data: [{name: fold1, path: " +
                 (data / "lfw_fold1_aligned").string() + ", pairs: " + (data / "pairs_fold1.txt").string() +
                 "}]}\nrun: {device: cpu, dir: " + folder.path().string() + "/runs}\n");
  const Outcome outcome =
      facerec({"finetune", config, "--from", weights, "--data", data / "lfw_fold1_aligned", "--json"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto results = outcome.json().at("evaluation").at("results");
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results.at(0).at("accuracy"), results.at(1).at("accuracy"));
  EXPECT_EQ(results.at(0).at("auc"), results.at(1).at("auc"));
  EXPECT_GT(results.at(0).at("accuracy").at("mean"), 0.98);

  const std::string run = outcome.json().at("run");
  const std::string before = folder / "before.safetensors", after = folder / "after.safetensors";
  ASSERT_EQ(facerec({"export", weights, before}).exit_code, 0);
  ASSERT_EQ(facerec({"export", run, after}).exit_code, 0);
  const TensorFile x = open_tensor_file(before), y = open_tensor_file(after);
  ASSERT_EQ(x.groups.front().tensors.size(), y.groups.front().tensors.size());
  for (size_t i = 0; i < x.groups.front().tensors.size(); ++i) {
    const NamedTensor &a = x.groups.front().tensors[i], &b = y.groups.front().tensors[i];
    ASSERT_EQ(a.name, b.name);
    ASSERT_EQ(a.view.bytes.size(), b.view.bytes.size()) << a.name;
    EXPECT_EQ(std::memcmp(a.view.bytes.data(), b.view.bytes.data(), a.view.bytes.size()), 0) << a.name;
  }
}

}  // namespace
}  // namespace facerec::test
