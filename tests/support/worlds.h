// A training's processes as threads of a test.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>
#include <vector>

#include "facerec/dist/world.h"

namespace facerec::test {

inline uint16_t free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(descriptor);
  return ntohs(address.sin_port);
}

// `body` in `count` worlds at once. What it throws fails the test.
inline void in_worlds(int64_t count, const std::function<void(const World&)>& body) {
  if (count == 1) return body(World());
  const uint16_t port = free_port();
  std::vector<std::jthread> threads;
  for (int64_t rank = 0; rank < count; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        ProcessPlace place;
        place.rank = place.local_rank = rank;
        place.size = place.local_size = count;
        place.address = "127.0.0.1";
        place.port = port;
        body(World(place, torch::kCPU, std::chrono::seconds(60)));
      } catch (const std::exception& error) {
        ADD_FAILURE() << "process " << rank << ": " << error.what();
      }
    });
  }
}

}  // namespace facerec::test
