#include "unit/io/allocations.h"

#include <cstdlib>
#include <new>

std::atomic<size_t> facerec::test::largest_allocation = 0;

[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  size_t largest = facerec::test::largest_allocation;
  while (size > largest && !facerec::test::largest_allocation.compare_exchange_weak(largest, size)) {
  }
  return std::malloc(size == 0 ? 1 : size);
}

[[gnu::noinline]] void* operator new(size_t size) {
  void* memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Not inlined: GCC 12 then takes the pair of `operator new` and free() for a mistake.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
