#include "facerec/face/published_weights.h"

#include <gmock/gmock.h>

#include <set>

#include "facerec/core/error.h"
#include "support/http_server.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::HttpRequest;
using test::HttpResponse;
using test::HttpServer;
using testing::AllOf;
using testing::HasSubstr;

// A store whose path is not easy, and published files of the test's own.
class PublishedWeightsTest : public testing::Test {
 protected:
  PublishedWeightsTest() {
    setenv("FACEREC_MODELS", store_.c_str(), 1);
    setenv("no_proxy", "127.0.0.1", 1);
  }
  ~PublishedWeightsTest() override {
    for (const char* name : {"FACEREC_MODELS", "FACEREC_MODELS_MIRROR", "no_proxy"}) unsetenv(name);
  }

  // Weights of one file that holds "weights".
  static PublishedWeights own(std::vector<std::string> sources) {
    const std::string sha256 = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c";
    return {.name = "own", .what = "a test", .licence = "MIT", .files = {{"net/a.pt", 7, sha256, std::move(sources)}}};
  }

  const test::TemporaryFolder folder_;
  const fs::path store_ = folder_ / "내 모델 100%";
};

std::string hint_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    return error.hint();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST_F(PublishedWeightsTest, EveryFileIsPinned) {
  std::set<std::string> names, paths;
  for (const PublishedWeights& weights : published_weights()) {
    EXPECT_TRUE(names.insert(weights.name).second) << weights.name;
    EXPECT_FALSE(weights.licence.empty());
    for (const PublishedFile& file : weights.files) {
      EXPECT_TRUE(paths.insert(file.path).second) << file.path;
      EXPECT_EQ(file.sources.empty(), !weights.by_hand.empty());
      if (file.sources.empty()) continue;
      EXPECT_THAT(file.sha256, testing::MatchesRegex("[0-9a-f]{64}"));
      EXPECT_GE(file.sources.size(), 2U);
      for (const std::string& url : file.sources) EXPECT_THAT(url, testing::MatchesRegex("https://.*[0-9a-f]{40}/.*"));
    }
  }
}

TEST_F(PublishedWeightsTest, AFolderLaidOutAsTheStoreIsAMirror) {
  FACEREC_NEEDS_TEST_DATA();
  const DownloadOptions options{.mirrors = {(test::test_data() / "data/weights").string()}};
  for (const PublishedWeights& weights : published_weights()) {
    if (!weights.by_hand.empty()) continue;
    EXPECT_FALSE(is_at_hand(weights));
    EXPECT_TRUE(download_weights(weights, options));
    EXPECT_TRUE(is_at_hand(weights));
    EXPECT_EQ(weights_files(weights.name).size(), weights.files.size());
    EXPECT_EQ(weights_files(weights.name).front(), store_ / weights.files.front().path);
  }
}

TEST_F(PublishedWeightsTest, AnUnknownNameGetsTheNearest) {
  EXPECT_THAT(hint_of([] { find_published("retinafac"); }), AllOf(HasSubstr("'retinaface'?"), HasSubstr("yunet_n")));
}

TEST_F(PublishedWeightsTest, WhatIsNotAtHandNamesTheCommand) {
  EXPECT_THAT(hint_of([] { weights_files("mtcnn"); }), HasSubstr("facerec models download mtcnn;"));
  fs::create_directories(store_ / "yunet");
  write_file(store_ / "yunet/yunet_n_640_640.onnx", "too short");
  EXPECT_FALSE(is_at_hand(find_published("yunet_n")));
  EXPECT_THAT(hint_of([] { weights_files("yunet_n"); }), HasSubstr("facerec models download yunet_n;"));
}

TEST_F(PublishedWeightsTest, AFileWithoutASourceIsPutThereByHand) {
  const PublishedWeights& weights = find_published("retinaface_resnet50");
  EXPECT_THAT(hint_of([&] { (void)download_weights(weights, {}); }),
              AllOf(HasSubstr("biubug6"), HasSubstr("--weights")));
  fs::create_directories(store_ / "retinaface");
  write_file(store_ / "retinaface/Resnet50_Final.pth", "weights");
  EXPECT_TRUE(download_weights(weights, {}));
  EXPECT_TRUE(is_at_hand(weights));
  EXPECT_EQ(weights_files(weights.name), std::vector{store_ / "retinaface/Resnet50_Final.pth"});
}

TEST_F(PublishedWeightsTest, MirrorsComeFirstAndInTheirOrder) {
  std::vector<std::string> asked;
  const HttpServer server([&](const HttpRequest& request) {
    asked.push_back(request.target);
    return request.target == "/source" ? HttpResponse{.body = "weights"} : HttpResponse{.status = 404};
  });
  setenv("FACEREC_MODELS_MIRROR", (server.url("/c") + "," + (folder_ / "a folder").string()).c_str(), 1);
  const DownloadOptions options{.mirrors = {server.url("/a"), server.url("/b/")}};
  EXPECT_TRUE(download_weights(own({server.url("/source")}), options));
  EXPECT_EQ(read_text(store_ / "net/a.pt"), "weights");
  EXPECT_THAT(asked, testing::ElementsAre("/a/net/a.pt", "/b/net/a.pt", "/c/net/a.pt", "/source"));
}

TEST_F(PublishedWeightsTest, AnotherFolderInPlaceOfTheStore) {
  const HttpServer server([&](const HttpRequest&) { return HttpResponse{.body = "weights"}; });
  EXPECT_TRUE(download_weights(own({server.url()}), {.store = folder_ / "other"}));
  EXPECT_TRUE(fs::exists(folder_ / "other/net/a.pt"));
  EXPECT_FALSE(fs::exists(store_));
}

TEST_F(PublishedWeightsTest, TheStoreIsWhereTheEnvironmentSays) {
  EXPECT_EQ(weights_store(), store_);
  unsetenv("FACEREC_MODELS");
  setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(weights_store(), "/caches/facerec/models");
  setenv("XDG_CACHE_HOME", "relative", 1);  // is to be ignored, says the specification
  const std::string home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "";
  setenv("HOME", "/home/me", 1);
  EXPECT_EQ(weights_store(), "/home/me/.cache/facerec/models");
  unsetenv("HOME");
  EXPECT_THAT(hint_of([] { weights_store(); }), HasSubstr("FACEREC_MODELS"));
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", home.c_str(), 1);
}

}  // namespace
}  // namespace facerec
