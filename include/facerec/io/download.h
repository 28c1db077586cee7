// Files from the network, by libcurl: checked, whole or absent, and gone on with after a cut.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

struct Download {
  std::vector<std::string> sources;                  // URLs (https, http, file), tried in this order
  fs::path path;                                     // of the file; the folders above it are made
  uint64_t bytes = 0;                                // its size: no more is ever taken from a source
  std::string sha256;                                // lower-case hexadecimal
  bool force = false;                                // fetch it, too, when it is there
  std::function<void(uint64_t done)> progress = {};  // of `bytes`
  int connect_timeout = 20;                          // seconds for the name, the connection and TLS
  int stall_timeout = 30;                            // seconds below 1000 bytes/s after which a source is given up
};

// Makes `path` the file of that size and SHA-256. What has come stays in `path`.part: the next source, and the next
// call, go on from there, and a part that turns out to be of another file is thrown away. Proxies and certificate
// authorities are those of the environment (https_proxy, no_proxy …; CURL_CA_BUNDLE, SSL_CERT_FILE), as with the
// command curl; redirects are followed, but never from https to http nor to a file. The log names the source that gave
// the file.
//
// Returns false when stop_signal() ended it. Throws Error when no source gives the file, with what each of them gave
// instead, or when the disk does not take it; a usage Error when another process works in its folder.
[[nodiscard]] bool download(const Download& wanted);

// The URL of a file or folder: "file:///my%20folder".
std::string file_url(const fs::path& path);

}  // namespace facerec
