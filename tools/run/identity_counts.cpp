#include "tools/run/identity_counts.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/run/lines.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

Json histogram_of(const std::vector<int64_t>& ascending) {
  Json bins = Json::array();
  int64_t from = 1;
  for (size_t done = 0, step = 0; done < ascending.size(); ++step) {
    constexpr int64_t steps[] = {1, 2, 5};
    int64_t to = steps[step % 3];
    for (size_t power = 0; power < step / 3; ++power) to *= 10;
    const auto end = std::upper_bound(ascending.begin(), ascending.end(), to);
    const auto count = static_cast<size_t>(end - ascending.begin()) - done;
    if (count > 0) bins.push_back({{"from", from}, {"to", to}, {"identities", count}});
    done += count;
    from = to + 1;
  }
  return bins;
}

}  // namespace

Json images_per_identity(const Dataset& data) {
  std::vector<int64_t> counts = images_per_class(data);
  std::sort(counts.begin(), counts.end());
  return {{"min", counts.front()},
          {"median", counts[counts.size() / 2]},
          {"max", counts.back()},
          {"histogram", histogram_of(counts)}};
}

std::string counts_text(const Json& counts) {
  std::string text = counts["min"] == counts["max"]
                         ? with_commas(counts["min"])
                         : fmt::format("{} to {}, median {}", with_commas(counts["min"]), with_commas(counts["max"]),
                                       with_commas(counts["median"]));
  if (counts["histogram"].size() < 2) return text;
  const char* before = ": ";
  for (const Json& bin : counts["histogram"]) {
    const std::string range = bin["from"] == bin["to"] ? bin["to"].dump() : bin["from"].dump() + "-" + bin["to"].dump();
    text += fmt::format("{}{} with {}", before, with_commas(bin["identities"]), range);
    before = ", ";
  }
  return text;
}

}  // namespace facerec
