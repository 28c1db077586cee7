#include "gallery/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "gallery/matrix_layout.h"

namespace facerec {
namespace {

constexpr int64_t application_id = 0x4652474C;  // "FRGL", in the header of the file
constexpr int64_t version = 1;

// As SQLite keeps them: a file's own are compared with these, so that nothing else stands in it.
constexpr const char* tables[] = {
    // One row. `state` is another, random one after every change, also in copies that part ways.
    ("CREATE TABLE gallery(id TEXT NOT NULL, generation INTEGER NOT NULL, state TEXT NOT NULL, "
     "people INTEGER NOT NULL, images INTEGER NOT NULL, model TEXT NOT NULL, architecture TEXT NOT NULL, "
     "model_path TEXT NOT NULL, dimension INTEGER NOT NULL, rule TEXT NOT NULL)"),
    "CREATE TABLE people(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE)",
    // embedding: of unit length, little-endian float32.
    ("CREATE TABLE images(id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL REFERENCES people(id), "
     "source TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, quality REAL NOT NULL, embedding BLOB NOT NULL)"),
    "CREATE INDEX images_of_person ON images(person)",
};

Error damaged(const Database& database, const std::string& what) {
  return Error(Error("is damaged: " + what).file(text_of(database.file())).hint("take a copy of it, or enroll again"));
}

// SQLite's own tables, of its counters and of ANALYZE, are named sqlite_….
void check_tables(const Database& database) {
  Statement statement(database, "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
  std::vector<std::string> found;
  while (statement.step()) {
    found.push_back(statement.text(0));
    if (found.size() > std::size(tables)) break;
  }
  if (!std::is_permutation(found.begin(), found.end(), std::begin(tables), std::end(tables))) {
    throw damaged(database, "its tables are not those of a gallery");
  }
}

}  // namespace

void make_gallery(const Database& database, const GalleryModel& model) {
  if (database.number("SELECT count(*) FROM sqlite_schema") > 0) return;
  for (const char* table : tables) database.run(table);
  Statement row(database,
                "INSERT INTO gallery VALUES(lower(hex(randomblob(16))), 0, lower(hex(randomblob(16))), 0, 0, ?, ?, ?, "
                "?, ?)");
  const std::string rule = to_string(model.rule);
  row.bind(model.identity).bind(model.architecture).bind(model.path).bind(model.dimension).bind(rule).run();
  database.run(fmt::format("PRAGMA application_id = {}", application_id).c_str());
  database.run(fmt::format("PRAGMA user_version = {}", version).c_str());
}

void check_gallery(const Database& database) {
  const auto refused = [&](const std::string& why) { return Error(Error(why).file(text_of(database.file()))); };
  const int64_t pages = database.number("PRAGMA page_count");
  if (pages == 0) throw refused("is an empty file, no gallery");
  if (static_cast<int64_t>(fs::file_size(database.file())) < pages * database.number("PRAGMA page_size")) {
    throw damaged(database, "it ends too early");
  }
  if (database.number("PRAGMA application_id") != application_id) {
    throw refused("is no gallery: it is an SQLite file of another program");
  }
  if (const int64_t found = database.number("PRAGMA user_version"); found != version) {
    throw refused(fmt::format("is a gallery of version {}, and version {} is read here", found, version))
        .hint("a newer facerec has written it");
  }
  check_tables(database);
  if (database.number("SELECT count(*) FROM (SELECT 1 FROM gallery LIMIT 2)") != 1) {
    throw damaged(database, "it does not say what it holds");
  }
}

GalleryModel read_model(const Database& database) {
  Statement row(database, "SELECT model, architecture, model_path, dimension, rule FROM gallery");
  row.step();
  GalleryModel model{.identity = printable(row.text(0), std::string::npos),
                     .architecture = printable(row.text(1), std::string::npos),
                     .path = printable(row.text(2), std::string::npos),
                     .dimension = row.integer(3)};
  if (model.identity.empty() || model.dimension < 1 || model.dimension > largest_dimension) {
    throw damaged(database, "it does not say which model its embeddings are of");
  }
  try {
    model.rule = parse_embedding_rule(row.text(4));
  } catch (const Error& error) {
    throw damaged(database, error.message());
  }
  return model;
}

std::string read_id(const Database& database) {
  Statement row(database, "SELECT id FROM gallery");
  row.step();
  std::string id = row.text(0);
  if (id.size() != 32 || id.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw damaged(database, "its number is none");
  }
  return id;
}

}  // namespace facerec
