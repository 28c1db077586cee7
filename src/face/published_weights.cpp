#include "facerec/face/published_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "facerec/core/cache.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/download.h"
#include "model/names.h"

namespace facerec {
namespace {

// A commit of a repository on GitHub: what it holds never changes.
struct Commit {
  const char* repository;
  const char* id;
};

constexpr Commit mobilefacenet{"foamliu/MobileFaceNet", "a6cc9032a659b615f477833e1a70b5e7931bcccc"};
constexpr Commit facenet_pytorch{"timesler/facenet-pytorch", "787da06156087cd6b616fe6608213722bddc30cd"};
constexpr Commit face_evolve{"ZhaoJ9014/face.evoLVe.PyTorch", "2dc65536c36880ae85a57694fe7c0c751c71a931"};
constexpr Commit libfacedetection{"ShiqiYu/libfacedetection.train", "0047ac24afb1a50a0c6105001c89d1b5b805dbf1"};

// GitHub itself, and a content delivery network that has every public repository.
std::vector<std::string> at(const Commit& commit, const std::string& path) {
  return {fmt::format("https://raw.githubusercontent.com/{}/{}/{}", commit.repository, commit.id, path),
          fmt::format("https://cdn.jsdelivr.net/gh/{}@{}/{}", commit.repository, commit.id, path)};
}

// The same bytes in OpenCV's zoo, kept there with Git LFS.
std::vector<std::string> at_zoo_too(std::vector<std::string> sources, const std::string& path) {
  sources.push_back(
      "https://media.githubusercontent.com/media/opencv/opencv_zoo/82b38c8f98e7b52aa171400f3e4c722352d0669f/" + path);
  return sources;
}

const std::vector<PublishedWeights>& table() {
  static const std::vector<PublishedWeights> weights{
      {.name = "retinaface",
       .what = "RetinaFace with MobileNet 0.25, by biubug6/Pytorch_Retinaface",
       .licence = "network MIT; this copy, in foamliu/MobileFaceNet, Apache-2.0",
       .files = {{"retinaface/mobilenet0.25_Final.pth", 1789735,
                  "2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220",
                  at(mobilefacenet, "retinaface/weights/mobilenet0.25_Final.pth")}}},
      {.name = "retinaface_resnet50",
       .what = "RetinaFace with ResNet-50, by biubug6/Pytorch_Retinaface",
       .licence = "MIT",
       .files = {{"retinaface/Resnet50_Final.pth", 0, "", {}}},
       .by_hand = "the README of https://github.com/biubug6/Pytorch_Retinaface links to it, on Google Drive"},
      {.name = "mtcnn",
       .what = "MTCNN as facenet-pytorch runs it",
       .licence = "MIT",
       .files = {{"mtcnn/pnet.pt", 28570, "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f",
                  at(facenet_pytorch, "data/pnet.pt")},
                 {"mtcnn/rnet.pt", 403147, "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86",
                  at(facenet_pytorch, "data/rnet.pt")},
                 {"mtcnn/onet.pt", 1559269, "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
                  at(facenet_pytorch, "data/onet.pt")}}},
      {.name = "mtcnn_evolve",
       .what = "MTCNN as face.evoLVe runs it",
       .licence = "MIT",
       .files = {{"mtcnn/pnet.npy", 41271, "03e19e5c473932ab38f5a6308fe6210624006994a687e858d1dcda53c66f18cb",
                  at(face_evolve, "align/pnet.npy")},
                 {"mtcnn/rnet.npy", 604651, "5660aad67688edc9e8a3dd4e47ed120932835e06a8a711a423252a6f2c747083",
                  at(face_evolve, "align/rnet.npy")},
                 {"mtcnn/onet.npy", 2345483, "313141c3646bebb73cb8350a2d5fee4c7f044fb96304b46ccc21aeea8b818f83",
                  at(face_evolve, "align/onet.npy")}}},
      {.name = "yunet",
       .what = "YuNet 2023mar, of OpenCV's zoo",
       .licence = "Apache-2.0",
       .files = {{"yunet/face_detection_yunet_2023mar.onnx", 232589,
                  "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
                  at_zoo_too(at(libfacedetection, "onnx/yunet_s_640_640.onnx"),
                             "models/face_detection_yunet/face_detection_yunet_2023mar.onnx")}}},
      {.name = "yunet_n",
       .what = "the larger YuNet, of libfacedetection.train",
       .licence = "Apache-2.0",
       .files = {{"yunet/yunet_n_640_640.onnx", 317466,
                  "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31",
                  at(libfacedetection, "onnx/yunet_n_640_640.onnx")}}},
  };
  return weights;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::vector<std::string> all_mirrors(const DownloadOptions& options) {
  std::vector<std::string> mirrors = options.mirrors;
  const std::string more = environment("FACEREC_MODELS_MIRROR");
  for (size_t begin = 0; begin < more.size();) {
    const size_t end = std::min(more.find(',', begin), more.size());
    if (end > begin) mirrors.push_back(more.substr(begin, end - begin));
    begin = end + 1;
  }
  return mirrors;
}

std::string url_below(const std::string& mirror, const std::string& path) {
  if (mirror.find("://") == std::string::npos) return file_url(fs::path(mirror) / path);
  return mirror + (mirror.ends_with('/') ? "" : "/") + path;
}

std::vector<std::string> sources_of(const PublishedFile& file, std::span<const std::string> mirrors) {
  std::vector<std::string> sources;
  for (const std::string& mirror : mirrors) sources.push_back(url_below(mirror, file.path));
  sources.insert(sources.end(), file.sources.begin(), file.sources.end());
  return sources;
}

// What is wrong with a file of the store, and what to do.
Error not_at_hand(const PublishedWeights& weights, const PublishedFile& file, const fs::path& path) {
  std::error_code code;
  const uintmax_t size = fs::file_size(path, code);
  const std::string fault =
      code ? fmt::format("the weights of {} are not at hand", weights.name)
           : fmt::format("has {} bytes, where the weights of {} have {}", size, weights.name, file.bytes);
  const std::string remedy =
      file.sources.empty()
          ? fmt::format("put it there, or name it with --weights: {}", weights.by_hand)
          : fmt::format(
                "facerec models download {}; without a network, put it there, or set FACEREC_MODELS to a folder "
                "that has {}",
                weights.name, file.path);
  return Error::usage(fault).file(text_of(path)).hint(remedy);
}

}  // namespace

std::span<const PublishedWeights> published_weights() { return table(); }

const PublishedWeights& find_published(const std::string& name) {
  std::vector<std::string> known;
  for (const PublishedWeights& weights : table()) {
    if (weights.name == name) return weights;
    known.push_back(weights.name);
  }
  throw unknown_name("weights", name, known);
}

fs::path weights_store() {
  const std::string folder = environment("FACEREC_MODELS");
  if (!folder.empty()) return folder;
  const fs::path cache = cache_folder();
  if (cache.empty()) throw Error::usage("there is no folder for weights").hint("set FACEREC_MODELS or HOME");
  return cache / "models";
}

bool is_at_hand(const PublishedFile& file, const fs::path& store) {
  std::error_code code;
  const uintmax_t size = fs::file_size(store / file.path, code);
  return !code && (file.bytes == 0 || size == file.bytes);
}

bool is_at_hand(const PublishedWeights& weights) {
  const fs::path store = weights_store();
  return std::all_of(weights.files.begin(), weights.files.end(),
                     [&](const PublishedFile& file) { return is_at_hand(file, store); });
}

std::vector<fs::path> weights_files(const std::string& name) {
  const PublishedWeights& weights = find_published(name);
  const fs::path store = weights_store();
  std::vector<fs::path> paths;
  for (const PublishedFile& file : weights.files) {
    if (!is_at_hand(file, store)) throw not_at_hand(weights, file, store / file.path);
    paths.push_back(store / file.path);
  }
  return paths;
}

bool download_weights(const PublishedWeights& weights, const DownloadOptions& options) {
  const fs::path store = options.store.empty() ? weights_store() : options.store;
  const std::vector<std::string> mirrors = all_mirrors(options);
  for (const PublishedFile& file : weights.files) {
    if (file.sources.empty()) {
      if (!is_at_hand(file, store)) throw not_at_hand(weights, file, store / file.path);
      continue;
    }
    Download wanted{.sources = sources_of(file, mirrors),
                    .path = store / file.path,
                    .bytes = file.bytes,
                    .sha256 = file.sha256,
                    .force = options.force};
    if (options.progress) wanted.progress = [&](uint64_t done) { options.progress(file, done); };
    if (!download(wanted)) return false;
  }
  return true;
}

}  // namespace facerec
