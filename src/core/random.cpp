#include "facerec/core/random.h"

#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

namespace facerec {
namespace {

uint64_t splitmix64(uint64_t& state) {
  uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

// FNV-1a, 64 bits.
uint64_t hash(std::string_view text) {
  uint64_t h = 0xCBF29CE484222325ULL;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001B3ULL;
  return h;
}

}  // namespace

Random::Random(std::string_view purpose, std::initializer_list<uint64_t> numbers) {
  uint64_t key = hash(purpose);
  for (uint64_t number : numbers) {
    uint64_t mixed = key ^ number;
    key = splitmix64(mixed) + std::rotl(key, 23);
  }
  for (uint64_t& word : state_) word = splitmix64(key);
}

Random::result_type Random::operator()() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double Random::uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

double Random::normal(double mean, double deviation) {
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  return mean + deviation * radius * std::cos(2.0 * std::numbers::pi * uniform());
}

uint64_t Random::below(uint64_t bound) {
  // Lemire's multiply-and-reject (2019).
  __extension__ using uint128 = unsigned __int128;
  uint128 product = static_cast<uint128>((*this)()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t threshold = -bound % bound;
    while (static_cast<uint64_t>(product) < threshold) product = static_cast<uint128>((*this)()) * bound;
  }
  return static_cast<uint64_t>(product >> 64);
}

std::vector<uint32_t> permutation(uint64_t count, Random random) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  random.shuffle(std::span(order));
  return order;
}

}  // namespace facerec
