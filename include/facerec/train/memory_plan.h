// What a training will hold in the memory of its device. Free of LibTorch.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace facerec {

// Of one process; bytes.
struct MemoryPlan {
  struct Item {
    std::string name;
    int64_t bytes = 0;
  };
  std::vector<Item> items;
  int64_t available = 0;  // to this process, with what it holds already

  int64_t total() const;
  bool fits() const { return total() <= available; }
};

std::string to_text(const MemoryPlan& plan);             // a line an item, the sum and what there is
nlohmann::ordered_json to_json(const MemoryPlan& plan);  // {"items": {"activations": 123, …}, "total", "available"}

}  // namespace facerec
