#include "facerec/gallery/gallery.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fstream>

#include "facerec/core/error.h"
#include "facerec/core/memory.h"
#include "facerec/core/text.h"
#include "facerec/gallery/matrix.h"
#include "gallery/embedding.h"
#include "gallery/schema.h"
#include "gallery/sqlite.h"
#include "gallery/templates.h"

namespace facerec {
namespace {

// A writer holds the gallery for one short transaction; a reader, while it makes the templates of a large gallery, for
// up to some ten seconds.
constexpr int reader_waits_ms = 3'000, writer_waits_ms = 30'000;

constexpr size_t longest_name = 1000;  // bytes

bool has_control_character(const std::string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]), before = static_cast<uint8_t>(i > 0 ? text[i - 1] : 0);
    if (byte < 0x20 || byte == 0x7F || (before == 0xC2 && byte < 0xA0))
      return true;  // U+0000 … U+001F, U+007F … U+009F
  }
  return false;
}

Database open_file(const fs::path& file) {
  std::error_code code;
  const fs::file_status status = fs::status(file, code);
  if (!fs::exists(status)) {
    throw Error::usage("there is no such gallery").file(text_of(file)).hint("facerec enroll makes it");
  }
  if (!fs::is_regular_file(status)) throw Error("is no gallery: it is not a file").file(text_of(file));
  Database database(file);
  database.wait_for_others(reader_waits_ms);
  return database;
}

// Runs `work` as one transaction with the database to itself.
template <class Work>
void alone(const Database& database, const Work& work) {
  database.wait_for_others(writer_waits_ms);
  database.run("BEGIN EXCLUSIVE");
  try {
    work();
    database.run("COMMIT");
  } catch (...) {
    sqlite3_exec(database.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    database.wait_for_others(reader_waits_ms);
    throw;
  }
  database.wait_for_others(reader_waits_ms);
}

std::string describe(const std::string& architecture, const std::string& identity, EmbeddingRule rule) {
  return fmt::format("{}{}with {}", architecture.empty() ? "" : architecture + " ",
                     identity.empty() ? "" : fmt::format("({:.12}…) ", identity), to_string(rule));
}

}  // namespace

struct Gallery::State {
  explicit State(Database opened) : database(std::move(opened)) {
    check_gallery(database);
    model = read_model(database);
    templates.emplace(database.file(), read_id(database), model.dimension);
  }

  Database database;
  GalleryModel model;
  std::optional<Templates> templates;

  Person person_of(const Statement& row) const;
  void count(int64_t people, int64_t images) {
    Statement(database, "UPDATE gallery SET people = people + ?, images = images + ?").bind(people).bind(images).run();
  }
  void each(Statement& rows, const EachImage& call) const;
  Candidates people_of(const Gallery& gallery, const std::vector<std::vector<Match>>& found) const;

  // What `search` returns; where the derived files turn out to be damaged they are made again, once.
  template <class Search>
  auto healed(const Search& search) {
    try {
      return search();
    } catch (const DamagedTemplates& damage) {
      spdlog::warn("{}: its derived files are damaged ({}) and are made again", text_of(database.file()),
                   damage.message());
      templates->distrust();
    }
    return search();
  }
  void insert(int64_t person, const EnrolledImage& image);
};

// A name that enroll refuses could forge lines of an answer, or steer a terminal.
Person Gallery::State::person_of(const Statement& row) const {
  Person person{row.integer(0), row.text(1), row.integer(2)};
  try {
    check_person_name(person.name);
  } catch (const Error& error) {
    throw Error(fmt::format("is damaged: person {}: {}", person.id, error.message()))
        .file(text_of(database.file()))
        .hint("take a copy of it, or enroll again");
  }
  return person;
}

bool is_gallery(const fs::path& file) {
  constexpr std::string_view mark("SQLite format 3\0", 16);
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return false;
  std::string beginning(mark.size(), '\0');
  std::ifstream(file, std::ios::binary).read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  return beginning == mark;
}

void check_person_name(const std::string& name) {
  const auto refused = [&](const std::string& why) {
    return Error::usage(fmt::format("'{}' cannot be a person's name: {}", printable(name), why));
  };
  if (name.empty()) throw refused("it is empty");
  if (name.size() > longest_name) {
    throw refused(fmt::format("it has {} bytes, and {} are allowed", name.size(), longest_name));
  }
  if (!is_utf8(name)) throw refused("it is not UTF-8");
  if (has_control_character(name)) throw refused("it has a control character, such as the end of a line");
  if (name.front() == ' ' || name.back() == ' ') throw refused("it begins or ends with a space");
}

Gallery::Gallery(std::unique_ptr<State> state) : state_(std::move(state)) {}
Gallery::Gallery(const fs::path& file) : state_(std::make_unique<State>(open_file(file))) {}
Gallery::Gallery(Gallery&&) noexcept = default;
Gallery& Gallery::operator=(Gallery&&) noexcept = default;
Gallery::~Gallery() = default;

Gallery Gallery::open_or_create(const fs::path& file, const GalleryModel& model) {
  std::error_code code;
  const bool is_new = !fs::exists(file, code) || (fs::is_regular_file(file, code) && fs::file_size(file, code) == 0);
  if (is_new) {
    const Database database(file, true);
    alone(database, [&] { make_gallery(database, model); });
  }
  Gallery gallery(file);
  gallery.check_model(model.identity, model.rule);
  return gallery;
}

const fs::path& Gallery::file() const { return state_->database.file(); }
const GalleryModel& Gallery::model() const { return state_->model; }

void Gallery::check_model(const std::string& identity, EmbeddingRule rule) const {
  const GalleryModel& own = model();
  if (identity == own.identity && rule == own.rule) return;
  throw Error::usage(fmt::format("holds embeddings of {}, not of {}",
                                 describe(own.architecture, own.identity, own.rule),
                                 describe("the model", identity, rule)))
      .file(text_of(file()))
      .hint(identity == own.identity ? "--flip " + to_string(own.rule)
                                     : "name its model, last seen at " + own.path + ", or begin another gallery");
}

// The counts that the table `gallery` keeps are not asked: a foreign file may say anything.
int64_t Gallery::size() const { return state_->database.number("SELECT count(*) FROM people"); }
int64_t Gallery::images() const { return state_->database.number("SELECT count(*) FROM images"); }
int64_t Gallery::generation() const { return state_->database.number("SELECT generation FROM gallery"); }

std::optional<Person> Gallery::find(const std::string& name) const {
  Statement row(state_->database,
                "SELECT id, name, (SELECT count(*) FROM images WHERE person = people.id) FROM people WHERE name = ?");
  if (!row.bind(name).step()) return {};
  return state_->person_of(row);
}

Person Gallery::find_or_throw(const std::string& name) const {
  if (std::optional<Person> found = find(name)) return *found;
  std::vector<std::string> names;
  for (Person& each : people()) names.push_back(std::move(each.name));
  const std::string nearest = nearest_name(name, names);
  throw Error::usage(fmt::format("there is nobody named '{}'", printable(name)))
      .file(text_of(file()))
      .hint(nearest.empty() ? "--list shows who there is" : fmt::format("did you mean '{}'?", nearest));
}

std::optional<Person> Gallery::find(int64_t id) const {
  Statement row(state_->database,
                "SELECT id, name, (SELECT count(*) FROM images WHERE person = people.id) FROM people WHERE id = ?");
  if (!row.bind(id).step()) return {};
  return state_->person_of(row);
}

Person Gallery::person(int64_t id) const {
  if (std::optional<Person> found = find(id)) return *found;
  throw Error(fmt::format("there is no person {}", id)).file(text_of(file()));
}

Gallery::Candidates Gallery::State::people_of(const Gallery& gallery,
                                              const std::vector<std::vector<Match>>& found) const {
  Candidates all;
  for (const std::vector<Match>& matches : found) {
    std::vector<Candidate>& candidates = all.emplace_back();
    for (const Match& match : matches) {
      std::optional<Person> person = gallery.find(match.id);
      if (!person) throw DamagedTemplates(fmt::format("a template is of person {}, who is not there", match.id));
      candidates.push_back({std::move(*person), match.cosine});
    }
  }
  return all;
}

std::vector<Person> Gallery::people() const {
  Statement rows(state_->database,
                 "SELECT id, name, (SELECT count(*) FROM images WHERE person = people.id) FROM people ORDER BY name");
  std::vector<Person> all;
  while (rows.step()) all.push_back(state_->person_of(rows));
  return all;
}

std::optional<Person> Gallery::owner(const std::string& sha256) const {
  const ReadLock lock(state_->database);
  Statement row(state_->database, "SELECT person FROM images WHERE sha256 = ?");
  if (!row.bind(sha256).step()) return {};
  return person(row.integer(0));
}

int64_t Gallery::last_image() const { return state_->database.number("SELECT max(id) FROM images"); }

void Gallery::State::each(Statement& rows, const EachImage& call) const {
  StoredImage image;
  image.embedding.resize(static_cast<size_t>(model.dimension));
  while (rows.step()) {
    image.id = rows.integer(0);
    image.person = rows.integer(1);
    image.source = printable(rows.text(2), std::string::npos);
    image.sha256 = printable(rows.text(3), std::string::npos);
    image.quality = static_cast<float>(read_quality(rows, 4, image.id, database.file()));
    read_embedding(rows, 5, image.id, database.file(), image.embedding);
    if (!call(image)) return;
  }
}

void Gallery::each_image_of(int64_t person, const EachImage& each) const {
  Statement rows(state_->database,
                 "SELECT id, person, source, sha256, quality, embedding FROM images WHERE person = ? ORDER BY id");
  state_->each(rows.bind(person), each);
}

void Gallery::each_image(const EachImage& each, int64_t after) const {
  Statement rows(state_->database,
                 "SELECT id, person, source, sha256, quality, embedding FROM images WHERE id > ? ORDER BY id");
  state_->each(rows.bind(after), each);
}

void Gallery::transaction(const std::function<void()>& changes) {
  const Database& database = state_->database;
  if (database.in_transaction()) return changes();
  alone(database, [&] {
    const int before = sqlite3_total_changes(database.get());
    changes();
    if (sqlite3_total_changes(database.get()) == before) return;
    database.run("UPDATE gallery SET generation = generation + 1, state = lower(hex(randomblob(16)))");
    state_->templates->remove();
  });
}

int64_t Gallery::add(const std::string& name, std::span<const EnrolledImage> images) {
  check_person_name(name);
  if (images.empty()) throw Error(fmt::format("'{}' has no image", name)).file(text_of(file()));
  int64_t id = 0;
  transaction([&] {
    const std::optional<Person> known = find(name);
    if (!known) Statement(state_->database, "INSERT INTO people(name) VALUES(?)").bind(name).run();
    id = known ? known->id : state_->database.last_id();
    for (const EnrolledImage& image : images) {
      if (const std::optional<Person> has = owner(image.sha256)) {
        throw Error(fmt::format("is enrolled already, for '{}'", has->name)).file(image.source);
      }
      state_->insert(id, image);
    }
    state_->count(known ? 0 : 1, static_cast<int64_t>(images.size()));
  });
  return id;
}

void Gallery::State::insert(int64_t person, const EnrolledImage& image) {
  if (image.embedding.size() != static_cast<size_t>(model.dimension) || !is_unit(image.embedding) ||
      !(image.quality > 0)) {
    throw Error(fmt::format("has no embedding of {} values and unit length", model.dimension)).file(image.source);
  }
  Statement(database, "INSERT INTO images(person, source, sha256, quality, embedding) VALUES(?, ?, ?, ?, ?)")
      .bind(person)
      .bind(image.source)
      .bind(image.sha256)
      .bind(double{image.quality})
      .bind(image.embedding)
      .run();
}

void Gallery::remove(const std::string& name) {
  transaction([&] {
    const Person person = find_or_throw(name);
    Statement(state_->database, "DELETE FROM images WHERE person = ?").bind(person.id).run();
    Statement(state_->database, "DELETE FROM people WHERE id = ?").bind(person.id).run();
    state_->count(-1, -person.images);
  });
}

void Gallery::remove_image(int64_t id) {
  transaction([&] {
    Statement image(state_->database, "SELECT person FROM images WHERE id = ?");
    if (!image.bind(id).step()) {
      throw Error::usage(fmt::format("there is no image {}", id))
          .file(text_of(file()))
          .hint("--list --name NAME shows those of a person");
    }
    const Person owner = person(image.integer(0));
    if (owner.images == 1) return remove(owner.name);
    Statement(state_->database, "DELETE FROM images WHERE id = ?").bind(id).run();
    state_->count(0, -1);
  });
}

void Gallery::shrink() {
  const Database& database = state_->database;
  const int64_t pages = database.number("PRAGMA page_count"), unused = database.number("PRAGMA freelist_count");
  if (unused * 4 < pages || pages * database.number("PRAGMA page_size") > free_memory() / 2) return;
  database.run("VACUUM");
}

void Gallery::rename(const std::string& name, const std::string& to, bool merge) {
  check_person_name(to);
  transaction([&] {
    const Person person = find_or_throw(name);
    const std::optional<Person> other = find(to);
    if (name == to) return;
    if (!other) {
      Statement(state_->database, "UPDATE people SET name = ? WHERE id = ?").bind(to).bind(person.id).run();
      return;
    }
    if (!merge) {
      throw Error::usage(fmt::format("there is a '{}' already", to))
          .file(text_of(file()))
          .hint("--merge makes one person of the two");
    }
    Statement(state_->database, "UPDATE images SET person = ? WHERE person = ?").bind(other->id).bind(person.id).run();
    Statement(state_->database, "DELETE FROM people WHERE id = ?").bind(person.id).run();
    state_->count(-1, 0);
  });
}

std::vector<std::vector<Match>> Gallery::search(std::span<const float> queries, int64_t n, int64_t k,
                                                int threads) const {
  return state_->healed(
      [&] { return facerec::search(state_->templates->current(state_->database), queries, n, k, threads); });
}

std::vector<std::vector<Match>> Gallery::search_index(std::span<const float> queries, int64_t n, int64_t k,
                                                      int threads) const {
  if (size() == 0) return std::vector<std::vector<Match>>(static_cast<size_t>(n));
  return state_->healed(
      [&] { return state_->templates->index(state_->database, threads).search(queries, n, k, 0, threads); });
}

Gallery::Candidates Gallery::search_people(std::span<const float> queries, int64_t n, int64_t k, int threads) const {
  const ReadLock lock(state_->database);
  return state_->healed([&] { return state_->people_of(*this, search(queries, n, k, threads)); });
}

Gallery::Candidates Gallery::search_people_by_index(std::span<const float> queries, int64_t n, int64_t k,
                                                    int threads) const {
  const ReadLock lock(state_->database);
  return state_->healed([&] { return state_->people_of(*this, search_index(queries, n, k, threads)); });
}

IndexRecall Gallery::index_recall(int64_t queries, int64_t k, int threads) const {
  if (size() == 0) return {};
  return state_->healed([&] {
    const TemplateIndex& index = state_->templates->index(state_->database, threads);
    return measure_recall(index, state_->templates->current(state_->database), queries, k, 0, threads);
  });
}

}  // namespace facerec
