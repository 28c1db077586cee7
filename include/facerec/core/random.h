// Random numbers whose values depend on a seed and a purpose, never on threads, libraries or the order of calls.
//
// Every use opens its own stream: Random("augment", {seed, epoch, index}). Two streams with different purposes or
// numbers are independent, so a new consumer cannot shift the numbers of an old one.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace facerec {

// xoshiro256** 1.0 (Blackman and Vigna, 2018), seeded by SplitMix64 over the purpose and the numbers.
// Satisfies UniformRandomBitGenerator; the distributions of <random> are avoided, since they differ between libraries.
class Random {
 public:
  using result_type = uint64_t;

  Random(std::string_view purpose, std::initializer_list<uint64_t> numbers);

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()();

  double uniform();                              // [0, 1)
  double uniform(double low, double high);       // [low, high)
  double normal(double mean, double deviation);  // Box-Muller; two draws a call
  uint64_t below(uint64_t bound);                // 0 … bound − 1, without modulo bias; bound ≥ 1
  bool chance(double probability) { return uniform() < probability; }

  // Fisher-Yates.
  template <class T>
  void shuffle(std::span<T> values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  uint64_t state_[4];
};

// 0 … count − 1 in the order that `random` draws. count < 2^32.
std::vector<uint32_t> permutation(uint64_t count, Random random);

}  // namespace facerec
