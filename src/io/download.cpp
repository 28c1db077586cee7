#include "facerec/io/download.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "facerec/core/text.h"
#include "facerec/io/sha256.h"

namespace facerec {
namespace {

constexpr long slowest = 1000;  // bytes per second, for stall_timeout
constexpr long most_redirects = 10;

fs::path part_of(const fs::path& path) { return text_of(path) + ".part"; }

bool is_the_file(const fs::path& path, const Download& wanted) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && fs::file_size(path) == wanted.bytes && sha256_of(path) == wanted.sha256;
}

// The URL without "user:password@", for messages.
std::string shown(std::string url) {
  const size_t begin = url.find("://");
  if (begin == std::string::npos) return url;
  const size_t at = url.substr(0, url.find('/', begin + 3)).rfind('@');
  if (at != std::string::npos) url.erase(begin + 3, at - begin - 2);
  return url;
}

std::string meaning_of(long status) {
  if (status == 404 || status == 410) return "there is no such file";
  if (status == 401 || status == 403 || status == 407) return "access is refused";
  if (status == 429) return "too many requests; try again later";
  if (status >= 500) return "the server has failed; try again later";
  return "not the file";
}

// How a request for the rest of a file ended.
enum class Ending {
  whole,    // all bytes are there
  stale,    // what was kept is no beginning of what the source has, or the source cannot go on with it
  failed,   // what has come is kept
  stopped,  // by a signal
};

struct Answer {
  Ending ending;
  std::string reason = {};  // of `failed`
};

// One request for the bytes from `from` on, into the part. The part is not touched before the answer looks like the
// file.
class Transfer {
 public:
  Transfer(const Download& wanted, const std::string& url, uint64_t from);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  Answer run();

 private:
  static size_t receive(char* data, size_t size, size_t count, void* self);
  static int watch(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return stop_signal(); }
  bool take(std::span<const std::byte> bytes);
  std::string fault_of_headers() const;
  Answer explain(CURLcode code) const;

  template <class Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(handle_.get(), option, value);
    if (code != CURLE_OK) throw Error(fmt::format("libcurl refuses option {}: {}", option, curl_easy_strerror(code)));
  }
  template <class Value>
  Value get(CURLINFO info) const {
    Value value{};
    curl_easy_getinfo(handle_.get(), info, &value);
    return value;
  }

  const Download& wanted_;
  const uint64_t from_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_;
  std::array<char, CURL_ERROR_SIZE> details_{};
  std::optional<GrowingFile> part_;
  std::string fault_;           // what is wrong with the answer
  std::exception_ptr failure_;  // of the disk: no exception may pass through libcurl
};

Transfer::Transfer(const Download& wanted, const std::string& url, uint64_t from)
    : wanted_(wanted), from_(from), handle_(curl_easy_init(), curl_easy_cleanup) {
  if (handle_ == nullptr) throw Error("libcurl cannot be set up");
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "https,http,file");
  set(CURLOPT_REDIR_PROTOCOLS_STR, lower(url).starts_with("https:") ? "https" : "https,http");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, most_redirects);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_USERAGENT, "facerec");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(wanted.connect_timeout));
  set(CURLOPT_LOW_SPEED_LIMIT, slowest);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(wanted.stall_timeout));
  set(CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(from));
  set(CURLOPT_ERRORBUFFER, details_.data());
  set(CURLOPT_WRITEFUNCTION, &Transfer::receive);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::watch);
  set(CURLOPT_NOPROGRESS, 0L);
  for (const char* variable : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
    const char* file = std::getenv(variable);
    if (file != nullptr && *file != '\0') set(CURLOPT_CAINFO, file);
  }
}

size_t Transfer::receive(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  try {
    return transfer.take(std::as_bytes(std::span(data, size * count))) ? size * count : 0;
  } catch (...) {
    transfer.failure_ = std::current_exception();
    return 0;
  }
}

bool Transfer::take(std::span<const std::byte> bytes) {
  if (!part_) {
    fault_ = fault_of_headers();
    if (!fault_.empty()) return false;
    part_.emplace(wanted_.path, from_);
  }
  if (bytes.size() > wanted_.bytes - part_->size()) {
    fault_ = fmt::format("sends more than the {} bytes of the file", wanted_.bytes);
    return false;
  }
  part_->write(bytes);
  if (wanted_.progress) wanted_.progress(part_->size());
  return true;
}

std::string Transfer::fault_of_headers() const {
  const auto status = get<long>(CURLINFO_RESPONSE_CODE);  // 0 for file://
  if (status != 0 && status != 200 && status != 206) return fmt::format("HTTP {}: {}", status, meaning_of(status));
  const char* type = get<const char*>(CURLINFO_CONTENT_TYPE);
  if (type != nullptr && lower(type).starts_with("text/html")) {
    return "answers with a web page (HTML) in place of the file: the sign-in of a network or a proxy?";
  }
  const auto length = get<curl_off_t>(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
  if (length < 0 || from_ + static_cast<uint64_t>(length) == wanted_.bytes) return "";
  return fmt::format("has another file: {} bytes, where {} are expected", from_ + static_cast<uint64_t>(length),
                     wanted_.bytes);
}

Answer Transfer::run() {
  const CURLcode code = curl_easy_perform(handle_.get());
  if (failure_) std::rethrow_exception(failure_);
  if (part_) part_->sync();
  if (part_ && !fault_.empty()) fs::remove(part_of(wanted_.path));  // a longer file: not the one
  return explain(code);
}

Answer Transfer::explain(CURLcode code) const {
  const auto status = get<long>(CURLINFO_RESPONSE_CODE);
  const bool no_such_range = code == CURLE_RANGE_ERROR || code == CURLE_BAD_DOWNLOAD_RESUME || status == 416;
  if (code == CURLE_ABORTED_BY_CALLBACK) return {Ending::stopped};
  if (!fault_.empty()) return {Ending::failed, fault_};
  if (from_ > 0 && no_such_range) return {Ending::stale};
  if (code == CURLE_HTTP_RETURNED_ERROR) {
    return {Ending::failed, fmt::format("HTTP {}: {}", status, meaning_of(status))};
  }
  if (code != CURLE_OK) {
    return {Ending::failed,
            details_[0] != '\0' ? printable(details_.data(), CURL_ERROR_SIZE) : curl_easy_strerror(code)};
  }
  const uint64_t size = part_ ? part_->size() : from_;
  if (size == wanted_.bytes) return {Ending::whole};
  return {Ending::failed, fmt::format("ends after {} of {} bytes", size, wanted_.bytes)};
}

// What of an earlier call can be gone on with.
uint64_t kept_bytes(const Download& wanted) {
  std::error_code code;
  const uintmax_t size = fs::file_size(part_of(wanted.path), code);
  return code || size > wanted.bytes ? 0 : size;
}

// The whole part becomes the file, if that is what it is.
bool accept(const Download& wanted) {
  if (!is_the_file(part_of(wanted.path), wanted)) return false;
  GrowingFile(wanted.path, wanted.bytes).commit();
  return true;
}

Answer fetch(const Download& wanted, const std::string& url) {
  const uint64_t kept = kept_bytes(wanted);
  if (kept > 0) {
    Answer answer = kept == wanted.bytes ? Answer{Ending::whole} : Transfer(wanted, url, kept).run();
    if (answer.ending == Ending::failed || answer.ending == Ending::stopped) return answer;
    if (answer.ending == Ending::whole && accept(wanted)) return answer;
  }
  Answer answer = Transfer(wanted, url, 0).run();
  if (answer.ending != Ending::whole || accept(wanted)) return answer;
  const std::string sha256 = sha256_of(part_of(wanted.path));
  fs::remove(part_of(wanted.path));
  return {Ending::failed, fmt::format("has another file of the same size: its SHA-256 is {}, and {} is expected",
                                      sha256, wanted.sha256)};
}

// False: stopped. What another source would not help with, the disk above all, is thrown.
bool fetch_from_any(const Download& wanted) {
  const fs::path folder = fs::absolute(wanted.path).parent_path();
  fs::create_directories(folder);
  const FolderLock lock(folder);
  std::string failures;
  for (const std::string& url : wanted.sources) {
    const Answer answer = fetch(wanted, url);
    if (answer.ending == Ending::stopped) return false;
    if (answer.ending == Ending::whole) {
      spdlog::info("{}: from {}", text_of(wanted.path), shown(url));
      return true;
    }
    failures += fmt::format("\n  {}: {}", shown(url), answer.reason);
  }
  throw Error("no source gives this file:" + failures)
      .file(text_of(wanted.path))
      .hint(
          "the same command goes on with what has come; without a network, put the file there by other means, or name "
          "a mirror that has it");
}

}  // namespace

bool download(const Download& wanted) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) throw Error(fmt::format("libcurl cannot be set up: {}", curl_easy_strerror(ready)));
  try {
    return (!wanted.force && is_the_file(wanted.path, wanted)) || fetch_from_any(wanted);
  } catch (const fs::filesystem_error& failure) {
    throw Error("cannot be written: " + failure.code().message()).file(text_of(wanted.path));
  }
}

std::string file_url(const fs::path& path) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
  char* text = nullptr;
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_SCHEME, "file", 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_PATH, fs::absolute(path).c_str(), CURLU_URLENCODE) != CURLUE_OK ||
      curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) {
    throw Error("cannot be written as a URL").file(text_of(path));
  }
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, curl_free);
  return text;
}

}  // namespace facerec
