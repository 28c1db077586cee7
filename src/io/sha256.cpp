#include "facerec/io/sha256.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>

#include "facerec/core/error.h"

namespace facerec {
namespace {

void require(bool ok) {
  if (!ok) throw Error("libcrypto cannot compute SHA-256");
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  require(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::add(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  require(EVP_DigestFinal_ex(context_.get(), digest, &length) == 1);
  return fmt::format("{:02x}", fmt::join(digest, digest + length, ""));
}

std::string sha256_of(const fs::path& file) {
  constexpr size_t slab = 4 << 20;  // whose pages are then given back: a file may be larger than memory
  const MappedFile mapped(file);
  Sha256 hash;
  for (std::span<const std::byte> rest = mapped.bytes(); !rest.empty();) {
    const auto part = rest.first(std::min(slab, rest.size()));
    hash.add(part);
    mapped.drop_pages(part);
    rest = rest.subspan(part.size());
  }
  return hash.hex();
}

}  // namespace facerec
