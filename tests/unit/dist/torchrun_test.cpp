// Under torchrun's variables, with its agent serving the store: what `torchrun --no-python` does, without Python.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "support/processes.h"

namespace facerec {
namespace {

using std::chrono::seconds;

c10::intrusive_ptr<c10d::TCPStore> store_at(uint16_t port, bool serve) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = serve;
  options.waitWorkers = false;
  return c10::make_intrusive<c10d::TCPStore>("127.0.0.1", options);
}

TEST(Torchrun, TheAgentServesTheStoreAndAttemptsDoNotMix) {
  // The agent is a process of its own: fork comes before its threads.
  test::Processes all(3, [](const ProcessPlace& one) {
    if (one.rank == 2) return store_at(one.port, true)->wait({"done/0", "done/1"}, seconds(30));
    for (const char* attempt : {"job/0", "job/1"}) {
      const ProcessPlace place{.rank = one.rank,
                               .size = 2,
                               .local_rank = one.rank,
                               .local_size = 2,
                               .address = "127.0.0.1",
                               .port = one.port,
                               .agent_has_store = true,
                               .attempt = attempt};
      const World world(place, at::kCPU, seconds(20));
      at::Tensor x = torch::ones({2});
      world.sum(x);
      EXPECT_TRUE(x.eq(2).all().item<bool>());
    }
    store_at(one.port, false)->c10d::Store::set("done/" + std::to_string(one.rank), "");
  });
  for (const test::Ended& ended : all.wait()) EXPECT_EQ(ended.code, 0) << ended.text;
}

}  // namespace
}  // namespace facerec
