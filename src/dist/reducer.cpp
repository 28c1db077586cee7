#include "dist/reducer.h"

#include <algorithm>

namespace facerec {

std::unique_ptr<c10d::Reducer> make_reducer(const std::vector<at::Tensor>& parameters,
                                            const std::unordered_map<size_t, std::string>& names,
                                            const c10::intrusive_ptr<c10d::ProcessGroup>& group) {
  constexpr size_t most = c10d::kDefaultBucketBytesCap, most_of_first = c10d::kDefaultFirstBucketBytes;
  // Those whose gradients are ready first, the last ones of the network, come first.
  auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(parameters, {most_of_first, most});
  std::reverse(buckets.begin(), buckets.end());
  return std::make_unique<c10d::Reducer>(
      parameters, buckets, group, std::vector<bool>(parameters.size(), false), static_cast<int64_t>(most),
      /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/true, names, static_cast<int64_t>(most_of_first),
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<int64_t>{});
}

}  // namespace facerec
