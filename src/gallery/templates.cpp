#include "gallery/templates.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <cstdlib>
#include <system_error>

#include "facerec/core/cache.h"
#include "facerec/core/error.h"
#include "gallery/embedding.h"

namespace facerec {
namespace {

fs::path matrix_at(const fs::path& place) { return text_of(place) + ".matrix"; }
fs::path index_at(const fs::path& place) { return text_of(place) + ".index"; }

// A place took no file, or not all of it.
struct CannotStore {};

// A folder of its own for a file that needs no name.
class PassingFolder {
 public:
  PassingFolder() {
    std::string pattern = text_of(fs::temp_directory_path() / "facerec-gallery-XXXXXX");
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw Error("cannot be made: " + std::generic_category().message(errno)).file(pattern);
    }
    path_ = pattern;
  }
  ~PassingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PassingFolder(const PassingFolder&) = delete;
  PassingFolder& operator=(const PassingFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Weighted sums of embeddings become rows of unit length.
class TemplateSum {
 public:
  explicit TemplateSum(int64_t dimension) : sum_(static_cast<size_t>(dimension)), row_(sum_.size()) {}

  void add(std::span<const float> embedding, double weight) {
    for (size_t i = 0; i < sum_.size(); ++i) sum_[i] += weight * double{embedding[i]};
    weight_ += weight;
    std::copy(embedding.begin(), embedding.end(), row_.begin());
  }

  // And begins anew.
  std::span<const float> take() {
    double square = 0;
    for (const double value : sum_) square += value * value;
    // Of embeddings that cancel out the last one serves.
    if (const double length = std::sqrt(square); length > 1e-6 * weight_) {
      for (size_t i = 0; i < sum_.size(); ++i) row_[i] = static_cast<float>(sum_[i] / length);
    }
    std::fill(sum_.begin(), sum_.end(), 0.0);
    weight_ = 0;
    return row_;
  }

 private:
  std::vector<double> sum_;
  double weight_ = 0;
  std::vector<float> row_;
};

using EachTemplate = std::function<void(int64_t person, std::span<const float> row)>;

void each_template(const Database& database, int64_t dimension, const EachTemplate& each) {
  Statement images(database,
                   "SELECT person, quality, embedding, id, EXISTS(SELECT 1 FROM people WHERE people.id = person) "
                   "FROM images ORDER BY person, id");
  TemplateSum sum(dimension);
  std::vector<float> embedding(static_cast<size_t>(dimension));
  int64_t person = 0;
  bool any = false;
  while (images.step()) {
    if (images.integer(4) == 0) {
      throw Error(fmt::format("is damaged: image {} is of nobody", images.integer(3)))
          .file(text_of(database.file()))
          .hint("take a copy of it, or enroll again");
    }
    if (any && images.integer(0) != person) each(person, sum.take());
    person = images.integer(0);
    read_embedding(images, 2, images.integer(3), database.file(), embedding);
    sum.add(embedding, read_quality(images, 1, images.integer(3), database.file()));
    any = true;
  }
  if (any) each(person, sum.take());
}

std::string state_of(const Database& database) {
  Statement row(database, "SELECT state FROM gallery");
  row.step();
  return row.text(0).substr(0, 64);  // it has 32 characters
}

}  // namespace

ReadLock::ReadLock(const Database& database) : database_(database), outer_(!database.in_transaction()) {
  if (outer_) database_.run("BEGIN");
}

ReadLock::~ReadLock() {
  if (outer_) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Templates::Templates(const fs::path& gallery, const std::string& id, int64_t dimension)
    : places_{fs::canonical(gallery)}, dimension_(dimension) {
  if (const fs::path cache = cache_folder(); !cache.empty()) places_.push_back(cache / id);
}

const TemplateMatrix& Templates::current(const Database& database) {
  const ReadLock lock(database);
  const std::string state = state_of(database);
  if (matrix_ && state == state_) return *matrix_;
  forget();
  bool opened = false;
  for (const fs::path& place : places_) opened = opened || (!distrusted_ && open(place, state));
  if (!opened) make_anywhere(database, state);
  distrusted_ = false;
  state_ = state;
  return *matrix_;
}

void Templates::remove() {
  forget();
  for (const fs::path& place : places_) {
    for (const fs::path& file : {matrix_at(place), index_at(place)}) {
      std::error_code code;
      fs::remove(file, code);
      if (code) throw Error("cannot be deleted: " + code.message()).file(text_of(file));
      remove_temporaries_of(file);
    }
  }
}

void Templates::distrust() {
  forget();
  distrusted_ = index_distrusted_ = true;
}

void Templates::forget() {
  index_.reset();
  matrix_.reset();
}

bool Templates::open(const fs::path& place, const std::string& state) {
  try {
    auto matrix = std::make_unique<TemplateMatrix>(matrix_at(place));
    if (matrix->key() != state || matrix->dimension() != dimension_) return false;
    matrix_ = std::move(matrix);
    return true;
  } catch (const Error&) {  // absent, damaged, of another version: it is made again
    return false;
  }
}

bool Templates::make(const fs::path& place, const Database& database, const std::string& state) {
  const int64_t people = database.number("SELECT count(DISTINCT person) FROM images");
  std::unique_ptr<TemplateMatrixWriter> writer;
  const auto store = [&](auto&& action) {
    try {
      action();
    } catch (const Error& error) {
      fault_ = error.what();
      throw CannotStore();
    }
  };
  try {
    store([&] { writer = std::make_unique<TemplateMatrixWriter>(matrix_at(place), people, dimension_, state); });
    each_template(database, dimension_,
                  [&](int64_t person, std::span<const float> row) { store([&] { writer->add(person, row); }); });
    store([&] { writer->commit(); });
  } catch (const CannotStore&) {
    return false;
  }
  return open(place, state);
}

void Templates::make_anywhere(const Database& database, const std::string& state) {
  for (const fs::path& place : places_) {
    std::error_code ignored;
    fs::remove(matrix_at(place), ignored);
    if (place.has_parent_path()) fs::create_directories(place.parent_path(), ignored);
    if (make(place, database, state)) return;
  }
  spdlog::warn("{}: its templates cannot be kept beside it nor in the cache, so every start makes them again",
               text_of(database.file()));
  const PassingFolder folder;
  if (!make(folder.path() / "templates", database, state)) {
    throw Error("its templates cannot be stored: " + fault_)
        .file(text_of(database.file()))
        .hint("make room beside the gallery, in the cache or in the folder that TMPDIR names");
  }
}

const TemplateIndex& Templates::index(const Database& database, int threads) {
  const ReadLock lock(database);  // so that it is not made of what is being removed
  current(database);
  for (const fs::path& place : places_) {
    if (index_ || (!index_distrusted_ && open_index(place))) return *index_;
  }
  for (const fs::path& place : places_) {
    if (!make_index(place, threads)) continue;
    index_distrusted_ = false;
    return *index_;
  }
  throw Error("its index cannot be stored: " + fault_)
      .file(text_of(database.file()))
      .hint("make room beside the gallery or in the cache");
}

bool Templates::open_index(const fs::path& place) {
  try {
    index_ = std::make_unique<TemplateIndex>(index_at(place), *matrix_);
    return true;
  } catch (const Error&) {  // absent, damaged, of other templates: it is made again
    return false;
  }
}

bool Templates::make_index(const fs::path& place, int threads) {
  try {
    write_index(index_at(place), *matrix_, {.threads = threads});
  } catch (const DamagedTemplates&) {
    throw;
  } catch (const Error& error) {
    fault_ = error.what();
    return false;
  }
  return open_index(place);
}

}  // namespace facerec
