#include "gallery/list_centres.h"

#include <faiss/Clustering.h>
#include <faiss/Index.h>
#include <faiss/impl/FaissException.h>

#include <algorithm>

#include "facerec/core/random.h"
#include "gallery/search_parts.h"

namespace facerec {
namespace {

// What faiss's k-means assigns vectors to centres by: the search of this project, several times as fast as its own.
class CentreSearch : public faiss::Index {
 public:
  CentreSearch(int64_t dimension, int threads)
      : faiss::Index(dimension, faiss::METRIC_INNER_PRODUCT), threads_(threads) {}

  void add(int64_t n, const float* centres) override {
    const auto values = static_cast<size_t>(n * d);
    centres_.insert(centres_.end(), centres, centres + values);
    ntotal += n;
  }
  void reset() override {
    centres_.clear();
    ntotal = 0;
  }
  // faiss calls it with k = 1.
  void search(int64_t n, const float* vectors, int64_t k, float* cosines, int64_t* lists,
              const faiss::SearchParameters*) const override {
    const auto found = ListCentres(centres_, d).nearest({vectors, static_cast<size_t>(n * d)}, n, k, threads_);
    for (const auto& nearest : found) {
      for (const RowMatch& match : nearest) {
        *cosines++ = match.cosine;
        *lists++ = match.row;
      }
    }
  }

 private:
  int threads_;
  std::vector<float> centres_;
};

// In ascending order, so that they are read from the front to the back of the file.
std::vector<float> sample_of(const TemplateMatrix& templates, int64_t count) {
  const auto d = static_cast<size_t>(templates.dimension());
  Random random("index sample", {0});
  std::vector<float> sample;
  sample.reserve(static_cast<size_t>(count) * d);
  const int64_t size = templates.size();
  int64_t wanted = count;
  for (int64_t row = 0; row < size && wanted > 0; ++row) {
    if (random.below(static_cast<uint64_t>(size - row)) >= static_cast<uint64_t>(wanted)) continue;
    const auto vector = templates.rows().subspan(static_cast<size_t>(row) * d, d);
    if (!is_unit(vector)) throw DamagedTemplates("a template is not of unit length");
    sample.insert(sample.end(), vector.begin(), vector.end());
    --wanted;
  }
  return sample;
}

// Without the centres of templates that cancel each other out, which have no direction.
std::vector<float> units_of(const std::vector<float>& centres, const std::vector<float>& sample, size_t d) {
  std::vector<float> units;
  for (size_t first = 0; first < centres.size(); first += d) {
    const auto centre = std::span(centres).subspan(first, d);
    if (is_unit(centre)) units.insert(units.end(), centre.begin(), centre.end());
  }
  if (units.empty()) units.assign(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(d));
  return units;
}

}  // namespace

ListCentres::ListCentres(std::span<const float> centres, int64_t dimension)
    : dimension_(dimension), centres_(centres.begin(), centres.end()) {
  const int64_t groups = (size() + group_rows - 1) / group_rows;
  scales_.resize(static_cast<size_t>(groups * group_rows));
  bounds_.resize(static_cast<size_t>(groups));
  codes_.resize(static_cast<size_t>(groups * group_rows * depth_of(dimension)));
  const auto group_values = static_cast<size_t>(group_rows * dimension);
  for (size_t group = 0; group < bounds_.size(); ++group) {
    const auto rest = centres.subspan(group * group_values);
    encode_group(rest.first(std::min(rest.size(), group_values)), dimension,
                 &codes_[group * group_rows * static_cast<size_t>(depth_of(dimension))], &scales_[group * group_rows],
                 bounds_[group]);
  }
}

int64_t ListCentres::size() const { return static_cast<int64_t>(centres_.size()) / dimension_; }

std::vector<std::vector<RowMatch>> ListCentres::nearest(std::span<const float> vectors, int64_t n, int64_t count,
                                                        int threads) const {
  const CodedRows codes{.groups = static_cast<int64_t>(bounds_.size()),
                        .depth = depth_of(dimension_),
                        .scales = scales_.data(),
                        .bounds = bounds_.data(),
                        .codes = codes_.data()};
  ScanQueries queries(vectors, n, dimension_, count);
  return best_rows(kernels().front(), {codes, centres_, dimension_, {}}, queries, threads);
}

ListCentres train_centres(const TemplateMatrix& templates, int64_t lists, int threads) {
  constexpr int64_t templates_a_list = 64;  // of the sample; faiss asks for 39 or more
  faiss::ClusteringParameters parameters;
  parameters.niter = 10;
  parameters.spherical = true;
  parameters.min_points_per_centroid = 1;  // faiss would print that it wants more
  parameters.max_points_per_centroid = templates_a_list;
  const auto d = static_cast<size_t>(templates.dimension());
  const int64_t count = std::min(templates.size(), lists * templates_a_list);
  const std::vector<float> sample = sample_of(templates, count);
  faiss::Clustering clustering(static_cast<int>(templates.dimension()), static_cast<int>(lists), parameters);
  CentreSearch search(templates.dimension(), threads);
  try {
    clustering.train(count, sample.data(), search);
  } catch (const faiss::FaissException& error) {
    throw Error(std::string("the templates cannot be parted into lists: faiss: ") + error.what());
  }
  return {units_of(clustering.centroids, sample, d), templates.dimension()};
}

}  // namespace facerec
