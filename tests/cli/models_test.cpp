#include <gmock/gmock.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "cli/process.h"
#include "facerec/core/files.h"
#include "support/http_server.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;

// A store whose path is not easy, and an environment in which the published addresses cannot be reached.
class Models : public testing::Test {
 protected:
  Outcome models(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "models");
    return facerec(arguments, environment_);
  }
  // A download that has written the first `bytes` of its part, and waits for more.
  std::unique_ptr<Process> waiting_download(const HttpServer& server, const fs::path& part, size_t bytes) const {
    auto process = std::make_unique<Process>(
        std::vector<std::string>{"models", "download", "retinaface", "--json", "--mirror", server.url()}, environment_);
    std::error_code code;
    for (int i = 0; i < 1000 && (!fs::exists(part) || fs::file_size(part, code) < bytes); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return process;
  }

  const TemporaryFolder folder_;
  const fs::path store_ = folder_ / "얼굴 모델";
  const fs::path file_ = store_ / "retinaface/mobilenet0.25_Final.pth", part_ = file_.string() + ".part";
  Environment environment_{
      {{"FACEREC_MODELS", store_.string()}, {"https_proxy", "http://127.0.0.1:1"}, {"no_proxy", "127.0.0.1"}}};
};

const nlohmann::json& entry(const nlohmann::json& list, const std::string& name) {
  for (const nlohmann::json& weights : list.at("models")) {
    if (weights.at("name") == name) return weights;
  }
  throw std::runtime_error("no " + name);
}

// A server of the real file that falls silent when `cut` bytes are sent to who asks for it from its beginning.
HttpServer::Handler silent_after(size_t cut) {
  return [cut](const HttpRequest& request) {
    HttpResponse response = serve(request, read_text(test_data() / "data/weights" / request.target.substr(1)));
    if (request.from == 0) {
      response.cut = cut;
      response.stall = true;
    }
    return response;
  };
}

TEST_F(Models, ListTellsWhatThereIs) {
  const nlohmann::json list = models({"list", "--json"}).json();
  EXPECT_EQ(list.at("store"), store_.string());
  const nlohmann::json& mtcnn = entry(list, "mtcnn");
  EXPECT_EQ(mtcnn.at("at_hand"), false);
  EXPECT_EQ(mtcnn.at("licence"), "MIT");
  EXPECT_EQ(mtcnn.at("files").at(0).at("path"), (store_ / "mtcnn/pnet.pt").string());
  EXPECT_EQ(mtcnn.at("files").at(0).at("bytes"), 28570);
  EXPECT_EQ(mtcnn.at("files").at(0).at("sha256").get<std::string>().size(), 64U);
  EXPECT_FALSE(mtcnn.at("files").at(0).at("sources").empty());
  const Outcome text = models({"list"});
  EXPECT_THAT(text.out, HasSubstr(store_.string()));
  for (const nlohmann::json& weights : list.at("models")) {
    EXPECT_THAT(text.out, HasSubstr(weights.at("name").get<std::string>()));
  }
}

TEST_F(Models, DownloadsFromAMirrorAndThenHasThemAtHand) {
  FACEREC_NEEDS_TEST_DATA();
  environment_.variables["FACEREC_MODELS_MIRROR"] = (test_data() / "data/weights").string();
  const Outcome all = models({"download", "--all", "--json"});
  ASSERT_EQ(all.exit_code, 0) << all.err;
  EXPECT_EQ(all.json().at("files").size(), 9U);
  const nlohmann::json listed = models({"list", "--json"}).json();
  for (const nlohmann::json& weights : listed.at("models")) {
    EXPECT_EQ(weights.at("at_hand"), weights.at("by_hand").is_null()) << weights;
  }
  environment_.variables.erase("FACEREC_MODELS_MIRROR");
  EXPECT_EQ(models({"download", "mtcnn", "yunet"}).exit_code, 0);  // there already: no source is needed
}

TEST_F(Models, WithoutANetworkItSaysWhereToPutTheFile) {
  const Outcome outcome = models({"download", "yunet", "--to", folder_ / "here"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr((folder_ / "here/yunet/face_detection_yunet_2023mar.onnx").string()));
  EXPECT_THAT(outcome.err, HasSubstr("put the file there"));
  EXPECT_THAT(outcome.err, HasSubstr("https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/0047ac24"));
  EXPECT_FALSE(fs::exists(folder_ / "here/yunet/face_detection_yunet_2023mar.onnx"));
}

TEST_F(Models, BadCommandLinesExitWithTwo) {
  for (const auto& [arguments, answer] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "subcommand"},
           {{"download"}, "--all"},
           {{"download", "--all", "yunet"}, "excludes"},
           {{"download", "yunnet"}, "did you mean 'yunet'?"},
           {{"download", "retinaface_resnet50"}, "biubug6"}}) {
    const Outcome outcome = models(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(answer));
  }
}

TEST_F(Models, ASignalKeepsThePartAndTheSameCommandGoesOn) {
  FACEREC_NEEDS_TEST_DATA();
  const HttpServer server(silent_after(1'200'000));
  const auto process = waiting_download(server, part_, 1);
  process->send(SIGTERM);
  const Outcome stopped = process->wait();
  EXPECT_EQ(stopped.exit_code, 128 + SIGTERM) << stopped.err;
  EXPECT_EQ(stopped.json().at("signal"), SIGTERM);
  const uint64_t kept = fs::file_size(part_);
  EXPECT_GT(kept, 0U);
  EXPECT_EQ(models({"download", "retinaface", "--mirror", server.url()}).exit_code, 0);
  EXPECT_EQ(server.requests().at(1).from, kept);
  EXPECT_TRUE(fs::exists(file_));
}

TEST_F(Models, GoesOnAfterKill) {
  FACEREC_NEEDS_TEST_DATA();
  const HttpServer server(silent_after(1'200'000));
  const auto process = waiting_download(server, part_, 1'000'000);
  EXPECT_EQ(models({"download", "retinaface"}).exit_code, 2);  // another process works there
  process->send(SIGKILL);
  EXPECT_EQ(process->wait().exit_code, 128 + SIGKILL);
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_EQ(models({"download", "retinaface", "--mirror", server.url()}).exit_code, 0);
  EXPECT_GE(server.requests().at(1).from, 1'000'000U);
  EXPECT_TRUE(fs::exists(file_));
  EXPECT_FALSE(fs::exists(part_));
}

TEST_F(Models, AFullDiskLeavesNoFile) {
  FACEREC_NEEDS_TEST_DATA();
  environment_.file_size_limit = 100'000;
  const Outcome outcome =
      models({"download", "retinaface", "--mirror", (test_data() / "data/weights").string(), "--json"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.json().at("error").at("file"), part_.string());
  EXPECT_FALSE(fs::exists(file_));
}

}  // namespace
}  // namespace facerec::test
