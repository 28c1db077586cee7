#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "data/views.h"
#include "facerec/core/error.h"
#include "facerec/core/random.h"
#include "facerec/data/pairs.h"

namespace facerec {
namespace {

constexpr int64_t folds = 10;

using Identity = std::vector<uint32_t>;  // its images
using Drawn = std::set<std::array<uint32_t, 2>>;

uint64_t pairs_of_two(const Identity& images) { return images.size() * (images.size() - 1) / 2; }

uint32_t pick(const Identity& images, Random& random) { return images[random.below(images.size())]; }

// Whether the pair is a new one.
bool take(uint32_t a, uint32_t b, bool same, uint16_t fold, Drawn& drawn, PairSet& set) {
  if (a == b || !drawn.insert({std::min(a, b), std::max(a, b)}).second) return false;
  set.pairs.push_back({a, b, same});
  set.fold.push_back(fold);
  return true;
}

// Each identity in turn gives a pair of its images that it has not given yet.
void draw_same(const std::vector<Identity>& identities, int64_t count, uint16_t fold, Random& random, PairSet& set) {
  std::vector<std::pair<const Identity*, Drawn>> left;
  for (const Identity& images : identities) {
    if (images.size() > 1) left.push_back({&images, {}});
  }
  for (size_t turn = 0; count > 0; --count) {
    auto& [images, drawn] = left[turn];
    while (!take(pick(*images, random), pick(*images, random), true, fold, drawn, set)) {
    }
    if (drawn.size() == pairs_of_two(*images)) {
      left.erase(left.begin() + static_cast<ptrdiff_t>(turn));
    } else {
      ++turn;
    }
    if (turn >= left.size()) turn = 0;
  }
}

void draw_different(const std::vector<Identity>& identities, int64_t count, uint16_t fold, Random& random,
                    PairSet& set) {
  Drawn drawn;
  while (count > 0) {
    const uint64_t a = random.below(identities.size()), b = random.below(identities.size());
    if (a != b && take(pick(identities[a], random), pick(identities[b], random), false, fold, drawn, set)) --count;
  }
}

// Twice as many different pairs as are asked for must exist, so that drawing them ends soon.
void check_fold(const std::vector<Identity>& identities, int64_t count) {
  uint64_t same = 0, images = 0, squares = 0;
  for (const Identity& identity : identities) {
    same += pairs_of_two(identity);
    images += identity.size();
    squares += identity.size() * identity.size();
  }
  const uint64_t different = (images * images - squares) / 2, wanted = static_cast<uint64_t>(count);
  if (same >= wanted && different >= 2 * wanted) return;
  throw Error::usage(fmt::format("too few images for {} pairs: a tenth of the identities gives {} same pairs and {} "
                                 "different ones, {} of each are wanted",
                                 2 * folds * count, same, different, count))
      .hint("ask for fewer pairs");
}

// The identities in random order, each fold's apart.
std::vector<std::vector<Identity>> deal(const Dataset& images, uint64_t seed) {
  std::vector<Identity> identities(static_cast<size_t>(images.classes()));
  for (int64_t i = 0; i < images.size(); ++i) {
    identities[static_cast<size_t>(images.label(i))].push_back(static_cast<uint32_t>(i));
  }
  Random("pair-folds", {seed}).shuffle(std::span(identities));
  std::vector<std::vector<Identity>> dealt(folds);
  for (size_t i = 0; i < identities.size(); ++i) dealt[i % folds].push_back(std::move(identities[i]));
  return dealt;
}

// The set with only the images that a pair names.
void keep_used(PairSet& set) {
  std::vector<uint32_t> used;
  for (const Pair& pair : set.pairs) used.insert(used.end(), {pair.a, pair.b});
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  auto place = [&](uint32_t image) {
    return static_cast<uint32_t>(std::lower_bound(used.begin(), used.end(), image) - used.begin());
  };
  for (Pair& pair : set.pairs) pair = {place(pair.a), place(pair.b), pair.same};
  set.images = std::make_shared<SubsetDataset>(set.images, used);
}

}  // namespace

PairSet draw_pairs(const std::shared_ptr<const Dataset>& images, int64_t count, uint64_t seed) {
  if (count <= 0 || count % (2 * folds) != 0) {
    throw Error::usage(fmt::format("{} pairs cannot be cut into ten folds of as many same as different ones", count))
        .hint("give a multiple of 20");
  }
  PairSet set{"drawn", images, {}, {}, 0};
  const int64_t of_a_kind = count / (2 * folds);
  uint16_t fold = 0;
  for (const std::vector<Identity>& identities : deal(*images, seed)) {
    check_fold(identities, of_a_kind);
    Random random("pairs", {seed, fold});
    draw_same(identities, of_a_kind, fold, random, set);
    draw_different(identities, of_a_kind, fold, random, set);
    ++fold;
  }
  keep_used(set);
  return set;
}

}  // namespace facerec
