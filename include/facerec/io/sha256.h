// SHA-256 (FIPS 180-4), as OpenSSL's libcrypto computes it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "facerec/core/files.h"

struct evp_md_ctx_st;

namespace facerec {

class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  std::string hex();  // lower case; nothing can be added afterwards

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// Of the whole file. Throws Error when it cannot be read.
std::string sha256_of(const fs::path& file);

}  // namespace facerec
