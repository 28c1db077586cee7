#include "facerec/eval/identification.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>

#include "eval/cosines.h"
#include "eval/embedding_rows.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/eval/roc.h"

namespace facerec {
namespace {

constexpr float no_score = -std::numeric_limits<float>::infinity();
constexpr size_t block_probes = 16, most_curve_points = 2000;

void check(const SearchRows& rows, size_t dimension, const char* what) {
  if (rows.identity.empty()) throw Error(fmt::format("there is no {}", what));
  check_rows(rows.rows, dimension, rows.identity.size(), what);
}

std::vector<bool> failures(const SearchRows& rows, size_t dimension) {
  std::vector<bool> failed;
  for (size_t begin = 0; begin < rows.rows.size(); begin += dimension) {
    failed.push_back(is_zero(rows.rows.subspan(begin, dimension)));
  }
  return failed;
}

// --- a search ---

// The best of one candidate's entries.
struct Candidate {
  float score = no_score;
  size_t entry = 0;
  bool ahead_of(const Candidate& other) const {
    return score > other.score || (score == other.score && entry < other.entry);
  }
  void offer(float entry_score, size_t number) {
    if (entry_score > score) *this = {entry_score, number};
  }
};

struct Search {
  bool mated = false;
  size_t rank = 0;                        // of the mate; 0: not found
  float mate = no_score, top = no_score;  // best score of the mate, of anyone
};

// Gallery entries, and who competes for ranks: entries, or people and single distractors.
class Candidates {
 public:
  Candidates(const SearchRows& gallery, size_t dimension, bool rank_entries)
      : identity_(gallery.identity), failed_(failures(gallery, dimension)) {
    std::map<int32_t, size_t> people;
    for (const int32_t person : identity_) {
      const bool new_person = person != distractor && people.try_emplace(person, count_).second;
      const bool own = rank_entries || person == distractor || new_person;
      candidate_.push_back(own ? count_++ : people.at(person));
      distractors_ += person == distractor;
    }
    for (const auto& [person, number] : people) people_.push_back(person);
  }

  size_t size() const { return count_; }
  size_t people() const { return people_.size(); }
  size_t distractors() const { return distractors_; }
  size_t failed() const { return static_cast<size_t>(std::ranges::count(failed_, true)); }
  bool enrolled(int32_t person) const { return std::ranges::binary_search(people_, person); }

  // `cosines`: of the probe with every entry.
  Search search(std::span<const float> cosines, int32_t person) const {
    Candidate mate;
    std::vector<Candidate> others(count_);
    for (size_t i = 0; i < cosines.size(); ++i) {
      if (failed_[i]) continue;
      const bool own = person != distractor && identity_[i] == person;
      (own ? mate : others[candidate_[i]]).offer(cosines[i], i);
    }
    Search search{.mated = enrolled(person), .mate = mate.score, .top = mate.score};
    for (const Candidate& other : others) search.top = std::max(search.top, other.score);
    if (mate.score == no_score) return search;
    search.rank = 1 + static_cast<size_t>(
                          std::ranges::count_if(others, [&](const Candidate& other) { return other.ahead_of(mate); }));
    return search;
  }

 private:
  std::span<const int32_t> identity_;
  std::vector<bool> failed_;
  std::vector<size_t> candidate_ = {};  // of each entry
  std::vector<int32_t> people_ = {};    // ascending
  size_t count_ = 0, distractors_ = 0;
};

std::vector<Search> search_all(const Candidates& candidates, const SearchRows& gallery, const SearchRows& probes,
                               const std::vector<bool>& failed, size_t dimension, int threads) {
  const size_t entries = gallery.identity.size(), count = probes.identity.size();
  std::vector<Search> searches(count);
  parallel_for(static_cast<int64_t>((count + block_probes - 1) / block_probes), threads, [&](int64_t block) {
    const size_t begin = static_cast<size_t>(block) * block_probes, rows = std::min(block_probes, count - begin);
    std::vector<float> cosines(rows * entries);
    dot_products(probes.rows.subspan(begin * dimension, rows * dimension), gallery.rows, dimension, cosines.data());
    for (size_t row = 0; row < rows; ++row) {
      const int32_t person = probes.identity[begin + row];
      searches[begin + row] = failed[begin + row]
                                  ? Search{.mated = candidates.enrolled(person)}
                                  : candidates.search(std::span(cosines).subspan(row * entries, entries), person);
    }
  });
  return searches;
}

// --- rates ---

double share(uint64_t part, uint64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

// How many of descending scores reach a threshold.
size_t reaching(const std::vector<double>& descending, double threshold) {
  return static_cast<size_t>(std::ranges::upper_bound(descending, threshold, std::greater<>()) - descending.begin());
}

// Scores in descending order.
struct OpenSet {
  std::vector<double> tops = {};      // of any search, each once; without those that found nobody
  std::vector<double> nonmated = {};  // tops of non-mated searches
  std::vector<double> hits = {};      // of mates at rank 1
  uint64_t mated = 0;

  explicit OpenSet(std::span<const Search> searches) {
    for (const Search& search : searches) {
      if (search.top != no_score) tops.push_back(double{search.top});
      if (!search.mated) nonmated.push_back(double{search.top});
      if (search.rank == 1) hits.push_back(double{search.mate});
      mated += search.mated;
    }
    for (std::vector<double>* scores : {&tops, &nonmated, &hits}) std::ranges::sort(*scores, std::greater<>());
    tops.erase(std::unique(tops.begin(), tops.end()), tops.end());
  }
  double fpir(double threshold) const { return share(reaching(nonmated, threshold), nonmated.size()); }
  double fnir(double threshold) const { return share(mated - reaching(hits, threshold), mated); }
};

FpirPoint at_fpir(const OpenSet& open, double target) {
  FpirPoint point{.target = target, .threshold = std::numeric_limits<double>::infinity()};
  const auto above = std::ranges::partition_point(open.tops, [&](double top) { return open.fpir(top) <= target; });
  if (above != open.tops.begin()) point.threshold = *std::prev(above);
  point.fpir = open.fpir(point.threshold);
  point.fnir = open.fnir(point.threshold);
  point.supported = supports_rate(open.nonmated.size(), target);
  return point;
}

// Half of the points where FPIR is lowest, half spread evenly, when there are more than can be shown.
std::vector<double> curve_thresholds(const OpenSet& open) {
  if (open.tops.size() <= most_curve_points) return open.tops;
  constexpr size_t half = most_curve_points / 2;
  std::vector<double> chosen(open.nonmated.begin(),
                             open.nonmated.begin() + static_cast<int64_t>(std::min(half, open.nonmated.size())));
  std::erase(chosen, double{no_score});
  for (size_t i = 0; i < half; ++i) chosen.push_back(open.tops[i * (open.tops.size() - 1) / (half - 1)]);
  std::ranges::sort(chosen, std::greater<>());
  chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  return chosen;
}

std::vector<double> match_characteristic(std::span<const Search> searches, uint64_t mated, size_t ranks) {
  std::vector<uint64_t> at_rank(ranks + 1);
  for (const Search& search : searches) {
    if (search.rank > 0 && search.rank <= ranks) ++at_rank[search.rank];
  }
  std::vector<double> cmc;
  uint64_t found = 0;
  for (size_t rank = 1; rank <= ranks; ++rank) cmc.push_back(share(found += at_rank[rank], mated));
  return cmc;
}

void add_notes(IdentificationResult& result) {
  if (result.mated == 0)
    result.notes.emplace_back("no probe is of a person in the gallery: CMC, FNIR and DIR are undefined");
  if (result.nonmated == 0)
    result.notes.emplace_back("every probe is of a person in the gallery: FPIR and DIR are undefined");
  if (result.failed_gallery > 0) {
    result.notes.push_back(
        fmt::format("{} of {} gallery entries could not be enrolled: searches for people without "
                    "another entry count as misses (ISO/IEC 19795-1)",
                    result.failed_gallery, result.gallery));
  }
  if (result.failed_probes > 0) {
    result.notes.push_back(
        fmt::format("{} of {} probes could not be processed: mated ones count as misses, others as no "
                    "false positive (ISO/IEC 19795-1)",
                    result.failed_probes, result.mated + result.nonmated));
  }
}

}  // namespace

IdentificationResult evaluate_identification(const SearchRows& gallery, const SearchRows& probes, size_t dimension,
                                             const IdentificationOptions& options) {
  check(gallery, dimension, "gallery entry");
  check(probes, dimension, "probe");
  const Candidates candidates(gallery, dimension, options.rank_entries);
  const std::vector<bool> failed = failures(probes, dimension);
  const auto searches = search_all(candidates, gallery, probes, failed, dimension, options.threads);

  IdentificationResult result;
  result.gallery = gallery.identity.size();
  result.people = candidates.people();
  result.distractors = candidates.distractors();
  result.failed_gallery = candidates.failed();
  result.failed_probes = static_cast<uint64_t>(std::ranges::count(failed, true));
  result.mated = static_cast<uint64_t>(std::ranges::count_if(searches, &Search::mated));
  result.nonmated = searches.size() - result.mated;
  const size_t ranks = std::min(static_cast<size_t>(std::max(options.max_rank, 1)), candidates.size());
  if (result.mated > 0) result.cmc = match_characteristic(searches, result.mated, ranks);
  if (result.mated > 0 && result.nonmated > 0) {
    const OpenSet open(searches);
    for (const double target : fpir_targets) result.at_fpir.push_back(at_fpir(open, target));
    for (const double t : curve_thresholds(open)) result.curve.push_back({t, open.fpir(t), open.fnir(t)});
  }
  add_notes(result);
  return result;
}

}  // namespace facerec
