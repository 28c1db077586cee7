#include "facerec/eval/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>

#include "eval/cosines.h"
#include "eval/impostor_tail.h"
#include "eval/miss_rate.h"
#include "facerec/core/error.h"
#include "facerec/core/parallel.h"
#include "facerec/core/random.h"

namespace facerec {
namespace {

constexpr size_t rows_at_once = 16;

std::span<const float> row_of(const LabelledEmbeddings& faces, size_t i) {
  return std::span(faces.rows).subspan(i * faces.dimension, faces.dimension);
}

float cosine_of(std::span<const float> a, std::span<const float> b, size_t dimension) {
  float cosine = 0;
  dot_products(a, b, dimension, &cosine);
  return cosine;
}

// The images of each identity, and a template of each: the mean of its images by their quality.
class PeopleOfImages {
 public:
  explicit PeopleOfImages(const LabelledEmbeddings& faces)
      : faces_(faces), images_(faces.size() == 0 ? 0 : size_t{*std::ranges::max_element(faces.identity)} + 1) {
    for (size_t i = 0; i < faces.size(); ++i) images_[faces.identity[i]].push_back(i);
    for (size_t person = 0; person < images_.size(); ++person) {
      if (!images_[person].empty()) present_.push_back(static_cast<uint32_t>(person));
    }
  }

  size_t size() const { return images_.size(); }
  const std::vector<size_t>& images(size_t person) const { return images_[person]; }
  const std::vector<uint32_t>& present() const { return present_; }  // who has images

  // Without the image `left_out`, if it is one.
  std::vector<float> make_template(size_t person, size_t left_out = std::numeric_limits<size_t>::max()) const {
    std::vector<double> sum(faces_.dimension);
    for (const size_t image : images_[person]) {
      if (image == left_out) continue;
      const std::span<const float> row = row_of(faces_, image);
      for (size_t k = 0; k < row.size(); ++k) sum[k] += double{row[k]} * faces_.quality[image];
    }
    const double norm = std::sqrt(std::transform_reduce(sum.begin(), sum.end(), sum.begin(), 0.0));
    std::vector<float> unit(sum.size());
    if (norm > 0) std::ranges::transform(sum, unit.begin(), [&](double x) { return static_cast<float>(x / norm); });
    return unit;
  }

 private:
  const LabelledEmbeddings& faces_;
  std::vector<std::vector<size_t>> images_;
  std::vector<uint32_t> present_;
};

// 1, 10, 100 … up to half of the people, that half, and the one asked for; with 0 before them, for comparisons.
std::vector<int64_t> sizes_of(int64_t people, int64_t wanted) {
  const int64_t half = people / 2;
  std::vector<int64_t> sizes{0};
  for (int64_t size = 1; size <= half; size *= 10) sizes.push_back(size);
  for (const int64_t size : {half, wanted}) {
    if (size >= 1 && size <= half) sizes.push_back(size);
  }
  std::ranges::sort(sizes);
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

// Templates in the order in which galleries are drawn: a gallery of N people is N neighbours.
struct Templates {
  std::vector<uint32_t> person;  // of each
  std::vector<size_t> place;     // of each person
  std::vector<float> rows;
};

Templates draw_templates(const PeopleOfImages& people, size_t dimension) {
  Templates templates{.person = people.present(), .place = std::vector<size_t>(people.size()), .rows = {}};
  Random random("calibration galleries", {});
  random.shuffle(std::span(templates.person));
  templates.rows.reserve(templates.person.size() * dimension);
  for (size_t i = 0; i < templates.person.size(); ++i) {
    templates.place[templates.person[i]] = i;
    const std::vector<float> row = people.make_template(templates.person[i]);
    templates.rows.insert(templates.rows.end(), row.begin(), row.end());
  }
  return templates;
}

// A search of one image, whose cosines with all templates are given, in every gallery of `size` without its person.
void search_galleries(std::span<const float> cosines, const Templates& templates, uint32_t person, size_t size,
                      std::vector<Trial>& trials) {
  const size_t own = templates.place[person] / size;
  for (size_t gallery = 0; gallery < cosines.size() / size; ++gallery) {
    if (gallery == own) continue;
    const auto members = cosines.subspan(gallery * size, size);
    const auto best = std::ranges::max_element(members);
    const auto place = gallery * size + static_cast<size_t>(best - members.begin());
    trials.push_back({*best, person, templates.person[place]});
  }
}

// All impostor comparisons, as tail 0, and all searches.
class Strangers {
 public:
  Strangers(const LabelledEmbeddings& faces, const PeopleOfImages& people, std::vector<int64_t> sizes,
            const CalibrateOptions& options, const CalibrateProgress& progress)
      : faces_(faces),
        templates_(draw_templates(people, faces.dimension)),
        sizes_(std::move(sizes)),
        threads_(options.threads),
        progress_(progress) {}

  void operator()(const EmitTrials& emit) const {
    const auto blocks = static_cast<int64_t>((faces_.size() + rows_at_once - 1) / rows_at_once);
    parallel_for(blocks, threads_, [&](int64_t block) {
      const size_t begin = static_cast<size_t>(block) * rows_at_once;
      const size_t count = std::min(rows_at_once, faces_.size() - begin);
      compare(begin, count, static_cast<uint64_t>(block), emit);
      search(begin, count, static_cast<uint64_t>(block), emit);
      tell(static_cast<int64_t>(count));
    });
  }

 private:
  std::span<const float> rows(size_t begin, size_t count) const {
    return std::span(faces_.rows).subspan(begin * faces_.dimension, count * faces_.dimension);
  }

  // Of two passes.
  void tell(int64_t rows_done) const {
    if (!progress_) return;
    const std::lock_guard lock(mutex_);
    progress_(done_ += rows_done, 2 * static_cast<int64_t>(faces_.size()));
  }

  // Each with the images that follow it.
  void compare(size_t begin, size_t count, uint64_t block, const EmitTrials& emit) const {
    const size_t columns = faces_.size() - begin;
    std::vector<float> cosines(count * columns);
    dot_products(rows(begin, count), rows(begin, columns), faces_.dimension, cosines.data());
    std::vector<Trial> trials;
    for (size_t i = 0; i < count; ++i) {
      const uint32_t a = faces_.identity[begin + i];
      for (size_t j = i + 1; j < columns; ++j) {
        const uint32_t b = faces_.identity[begin + j];
        if (a != b) trials.push_back({cosines[i * columns + j], a, b});
      }
    }
    emit(0, trials, block);
  }

  void search(size_t begin, size_t count, uint64_t block, const EmitTrials& emit) const {
    const size_t columns = templates_.person.size();
    std::vector<float> cosines(count * columns);
    dot_products(rows(begin, count), templates_.rows, faces_.dimension, cosines.data());
    for (size_t tail = 1; tail < sizes_.size(); ++tail) {
      std::vector<Trial> trials;
      for (size_t i = 0; i < count; ++i) {
        search_galleries(std::span(cosines).subspan(i * columns, columns), templates_, faces_.identity[begin + i],
                         static_cast<size_t>(sizes_[tail]), trials);
      }
      emit(tail, trials, block);
    }
  }

  const LabelledEmbeddings& faces_;
  Templates templates_;
  std::vector<int64_t> sizes_;
  int threads_;
  const CalibrateProgress& progress_;
  mutable std::mutex mutex_;
  mutable int64_t done_ = 0;
};

// --- genuine comparisons ---

void compare_own(const LabelledEmbeddings& faces, const std::vector<size_t>& images, std::vector<float>& cosines) {
  for (size_t i = 0; i < images.size(); ++i) {
    for (size_t j = i + 1; j < images.size(); ++j) {
      cosines.push_back(cosine_of(row_of(faces, images[i]), row_of(faces, images[j]), faces.dimension));
    }
  }
}

// Each image among the others of its person.
void search_own(const LabelledEmbeddings& faces, const PeopleOfImages& people, uint32_t person,
                std::vector<float>& cosines) {
  for (const size_t image : people.images(person)) {
    cosines.push_back(cosine_of(row_of(faces, image), people.make_template(person, image), faces.dimension));
  }
}

// How many genuine fall below each wanted threshold.
void measure_misses(const LabelledEmbeddings& faces, const PeopleOfImages& people, Calibration& calibration) {
  std::vector<MissRate> misses;
  for (const CalibratedRate& wanted : calibration.wanted) misses.emplace_back(wanted.threshold.cosine);
  std::vector<float> comparisons, searches;
  for (const uint32_t person : people.present()) {
    if (people.images(person).size() < 2) continue;
    comparisons.clear();
    searches.clear();
    compare_own(faces, people.images(person), comparisons);
    search_own(faces, people, person, searches);
    calibration.genuine += comparisons.size();
    for (size_t i = 0; i < misses.size(); ++i) {
      misses[i].add(calibration.wanted[i].gallery_size > 0 ? searches : comparisons);
    }
  }
  for (size_t i = 0; i < misses.size(); ++i) misses[i].tell(calibration.wanted[i]);
}

// --- the whole ---

void check(const LabelledEmbeddings& faces, const CalibrateOptions& options) {
  if (faces.rows.size() != faces.size() * faces.dimension || faces.quality.size() != faces.size()) {
    throw Error("embeddings, qualities and identities do not belong together");
  }
  if (options.fmr.empty()) throw Error::usage("an FMR must be wanted");
  for (const std::vector<double>& rates : {options.fmr, options.fpir}) {
    for (const double rate : rates) {
      if (!(rate > 0 && rate <= 0.5)) {
        throw Error::usage(fmt::format("an FMR or FPIR of {:g} is not above 0 and up to 0.5", rate));
      }
    }
  }
}

std::vector<double> all_rates(const CalibrateOptions& options) {
  std::vector<double> rates = options.fmr;
  rates.insert(rates.end(), options.fpir.begin(), options.fpir.end());
  return rates;
}

// Sets fmr and fpir, the first tail being that of comparisons.
void take_tails(std::vector<ImpostorTail> tails, Calibration& calibration) {
  if (tails.empty() || tails.front().gallery_size != 0) {
    throw Error("gives fewer than " + std::to_string(TailMeter::smallest) +
                " comparisons of different people, too few for any threshold")
        .hint("40 people with an image each give 780; thresholds for FMR 1e-4 need 300,000 comparisons, of 800 images");
  }
  if (tails.front().points.front().cosine >= 1) {
    throw Error("half of all comparisons of different people have cosine 1: the model tells nobody apart");
  }
  calibration.fmr = std::move(tails.front());
  calibration.impostor = calibration.fmr.trials;
  calibration.fpir.assign(std::next(tails.begin()), tails.end());
}

void take_wanted(const CalibrateOptions& options, Calibration& calibration) {
  calibration.default_fmr = options.fmr.front();
  if (!options.fpir.empty()) calibration.default_fpir = options.fpir.front();
  for (const double rate : options.fmr) {
    calibration.wanted.push_back({.rate = rate, .threshold = calibration.at_fmr(rate)});
  }
  std::vector<int64_t> sizes{options.gallery_size};
  if (options.gallery_size == 0) {
    sizes.clear();
    for (const ImpostorTail& tail : calibration.fpir) sizes.push_back(tail.gallery_size);
  }
  if (sizes.empty() && !options.fpir.empty()) {
    throw Error::usage("no searches can be measured here, so that an FPIR needs the size of the gallery");
  }
  for (const double rate : options.fpir) {
    for (const int64_t size : sizes) {
      calibration.wanted.push_back({.rate = rate, .gallery_size = size, .threshold = calibration.at_fpir(rate, size)});
    }
  }
}

}  // namespace

Calibration calibrate(const LabelledEmbeddings& faces, const CalibrateOptions& options,
                      const CalibrateProgress& progress) {
  check(faces, options);
  const PeopleOfImages people(faces);
  Calibration calibration{.images = faces.size(), .identities = people.present().size()};
  const std::vector<int64_t> sizes = sizes_of(static_cast<int64_t>(calibration.identities), options.gallery_size);
  const Strangers strangers(faces, people, sizes, options, progress);
  take_tails(measure_tails(sizes, std::cref(strangers), all_rates(options)), calibration);
  take_wanted(options, calibration);
  measure_misses(faces, people, calibration);
  return calibration;
}

Calibration calibrate_pairs(const LabelledEmbeddings& faces, std::span<const Pair> pairs,
                            const CalibrateOptions& options) {
  check(faces, options);
  Calibration calibration{.images = faces.size()};
  std::map<uint32_t, std::vector<float>> genuine;  // by person
  std::vector<Trial> impostors;
  for (const Pair& pair : pairs) {
    const uint32_t a = faces.identity[pair.a], b = faces.identity[pair.b];
    const float cosine = cosine_of(row_of(faces, pair.a), row_of(faces, pair.b), faces.dimension);
    if (pair.same) {
      genuine[a].push_back(cosine);
    } else {
      impostors.push_back({cosine, a, b});
    }
  }
  const std::vector<int64_t> comparisons{0};
  take_tails(measure_tails(
                 comparisons, [&](const EmitTrials& emit) { emit(0, impostors, 0); }, all_rates(options)),
             calibration);
  take_wanted(options, calibration);
  for (CalibratedRate& wanted : calibration.wanted) {
    if (wanted.gallery_size > 0) continue;
    MissRate misses(wanted.threshold.cosine);
    for (const auto& [person, cosines] : genuine) misses.add(cosines);
    misses.tell(wanted);
  }
  for (const auto& [person, cosines] : genuine) calibration.genuine += cosines.size();
  return calibration;
}

}  // namespace facerec
