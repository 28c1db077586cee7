// A web server on 127.0.0.1 for tests of downloads: one connection at a time, and every way to misbehave.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace facerec::test {

struct HttpRequest {
  std::string target;  // "/mtcnn/pnet.pt"; the whole URL when this server is the proxy
  uint64_t from = 0;   // of "Range: bytes=FROM-"
};

struct HttpResponse {
  int status = 200;
  std::vector<std::string> headers = {};
  std::string body = {};
  bool length = true;              // say with Content-Length how long the body is
  size_t cut = std::string::npos;  // the body ends after so many bytes …
  bool stall = false;              // … with a connection that stays open and silent
};

// The response of a server that knows ranges.
inline HttpResponse serve(const HttpRequest& request, const std::string& content) {
  if (request.from == 0) return {.body = content};
  if (request.from >= content.size()) return {.status = 416};
  const std::string range = std::to_string(request.from) + "-" + std::to_string(content.size() - 1);
  return {.status = 206,
          .headers = {"Content-Range: bytes " + range + "/" + std::to_string(content.size())},
          .body = content.substr(request.from)};
}

class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, any, &size) != 0) {
      throw std::runtime_error("no server on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
    thread_.join();
    ::close(listener_);
    for (const int connection : silent_) ::close(connection);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url(const std::string& target = "") const { return "http://127.0.0.1:" + std::to_string(port_) + target; }
  uint64_t body_bytes_sent() const { return sent_; }
  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void run() {
    for (int connection = 0; (connection = ::accept(listener_, nullptr, nullptr)) >= 0;) {
      const HttpResponse response = handler_(receive(connection));
      send(connection, head_of(response));
      sent_ += send(connection, response.body.substr(0, response.cut));
      if (response.stall) {
        silent_.push_back(connection);
      } else {
        ::close(connection);
      }
    }
  }

  HttpRequest receive(int connection) {
    std::string text;
    char buffer[4096];
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) break;
      text.append(buffer, static_cast<size_t>(count));
    }
    const size_t target = text.find(' ') + 1, range = text.find("\r\nRange: bytes=");
    HttpRequest request{text.substr(target, text.find(' ', target) - target)};
    if (range != std::string::npos) request.from = std::stoull(text.substr(range + 15));
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    return request;
  }

  static std::string head_of(const HttpResponse& response) {
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " test\r\nConnection: close\r\n";
    for (const std::string& header : response.headers) head += header + "\r\n";
    if (response.length) head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    return head + "\r\n";
  }

  // How much of it the other side took.
  static uint64_t send(int connection, const std::string& text) {
    size_t done = 0;
    while (done < text.size()) {
      const ssize_t count = ::send(connection, text.data() + done, text.size() - done, MSG_NOSIGNAL);
      if (count <= 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

  Handler handler_;
  int listener_;
  uint16_t port_ = 0;
  std::atomic<uint64_t> sent_ = 0;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::vector<int> silent_;  // connections left open; of the thread alone until it has ended
  std::thread thread_;
};

}  // namespace facerec::test
