#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "facerec/core/error.h"
#include "facerec/model/onnx.h"
#include "facerec/model/weights.h"
#include "model/bytes.h"
#include "model/metadata.h"

namespace facerec {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    require(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void add(std::span<const std::byte> bytes) {
    require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    require(EVP_DigestFinal_ex(context_.get(), digest, &length) == 1);
    std::string text;
    for (unsigned i = 0; i < length; ++i) {
      constexpr const char* digits = "0123456789abcdef";
      text += {digits[digest[i] >> 4], digits[digest[i] & 15]};
    }
    return text;
  }

 private:
  static void require(bool ok) {
    if (!ok) throw Error("libcrypto cannot compute SHA-256");
  }
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

// One line of text before the bytes of each tensor: the shape says how many follow, so no two models share a stream.
std::string model_identity(const Backbone& backbone) {
  NamedTensors tensors = state_dict(backbone);
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Sha256 hash;
  for (const auto& [name, tensor] : tensors) {
    const torch::Tensor bytes = row_major(tensor);
    const TensorView view = view_of(bytes);
    hash.add(name + " " + view.dtype + " " + shape_text(view.shape) + "\n");
    hash.add(view.bytes);
  }
  hash.add(preprocess_text(backbone.spec().preprocess) + (backbone.spec().unit_length ? " unit\n" : "\n"));
  return hash.hex();
}

std::string onnx_identity(const fs::path& path) {
  Sha256 hash;
  hash.add(MappedFile(path).bytes());
  return hash.hex();
}

}  // namespace facerec
