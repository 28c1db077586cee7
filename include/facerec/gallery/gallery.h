// Known people: one SQLite file with people, images, embeddings and the model that made them; beside it a derived file
// of templates for the search (matrix.h), <gallery>.matrix.
//
// A person's template is the mean of the unit embeddings of the images, weighted by their quality, and brought to unit
// length: with the raw embedding's norm as quality that is the sum of the raw embeddings.
//
// Every change deletes the derived file, also copies of it in the cache, before it takes effect, and what is removed is
// overwritten in the database: no byte of a removed embedding stays in either. The derived file is made again by the
// next search.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/gallery/index.h"
#include "facerec/gallery/search.h"
#include "facerec/infer/embeddings.h"

namespace facerec {

// Which embeddings a gallery holds; those of another model, or of another rule, cannot be compared with them.
struct GalleryModel {
  std::string identity = {};      // see Engine::identity(); not empty
  std::string architecture = {};  // for messages
  std::string path = {};          // where the model was when the gallery was made; a hint, no more
  int64_t dimension = 0;          // of an embedding by the rule: 1 … 65,536
  EmbeddingRule rule = EmbeddingRule::no_flip;

  bool operator==(const GalleryModel&) const = default;
};

struct EnrolledImage {
  std::string source = {};                // path of the image, for people; UTF-8; control characters come back as ?
  std::string sha256 = {};                // of the file's bytes, lower-case hexadecimal: an image is enrolled once
  std::span<const float> embedding = {};  // of unit length
  float quality = 1;                      // weight in the template, > 0: the norm of the raw embedding
};

struct StoredImage {
  int64_t id = 0, person = 0;
  std::string source = {}, sha256 = {};
  float quality = 0;
  std::vector<float> embedding = {};
};

struct Person {
  int64_t id = 0;  // never given to another person
  std::string name = {};
  int64_t images = 0;  // ≥ 1
};

struct Candidate {
  Person person = {};
  float cosine = 0;
};

// Whether the file says that it is an SQLite file: a gallery, or one that Gallery() refuses by name.
bool is_gallery(const fs::path& file);

// Throws a usage Error unless `name` can be that of a person: 1 to 1000 bytes of UTF-8 without control characters or
// a space at its ends. Quotes, slashes and every script are fine.
void check_person_name(const std::string& name);

// Several processes may use one gallery; a change waits up to 30 s for the others, reading up to 3 s for one that
// writes. All members throw Error naming the file when it is damaged, locked for longer, or, of those that change it,
// cannot be written. One object serves one thread at a time.
class Gallery {
 public:
  // In a time that does not depend on how many people it holds. Nothing in the file is executed. Throws Error for a
  // file that is no gallery, is damaged, or of a newer version; a usage Error when it is not there.
  explicit Gallery(const fs::path& file);
  // Makes it where it is not there, or is an empty file; throws a usage Error when it is of another model or rule.
  static Gallery open_or_create(const fs::path& file, const GalleryModel& model);
  Gallery(Gallery&&) noexcept;
  Gallery& operator=(Gallery&&) noexcept;
  ~Gallery();

  const fs::path& file() const;
  const GalleryModel& model() const;
  void check_model(const std::string& identity, EmbeddingRule rule) const;  // throws a usage Error for another

  int64_t size() const;        // people
  int64_t images() const;      // of all of them
  int64_t generation() const;  // grows with every transaction that changes something
  std::optional<Person> find(const std::string& name) const;
  std::optional<Person> find(int64_t id) const;
  Person find_or_throw(const std::string& name) const;           // a usage Error that tells the nearest name
  Person person(int64_t id) const;                               // throws Error when there is none
  std::vector<Person> people() const;                            // by name, in byte order
  std::optional<Person> owner(const std::string& sha256) const;  // of the image with these bytes

  int64_t last_image() const;  // the largest id of an image; 0: there is none

  // Each in ascending order of id, until `each` returns false: of one person; of all with an id above `after`. The
  // gallery cannot be changed meanwhile.
  using EachImage = std::function<bool(const StoredImage&)>;
  void each_image_of(int64_t person, const EachImage& each) const;
  void each_image(const EachImage& each, int64_t after = 0) const;

  // What `changes` calls of the members below happens all together or, when it throws or the process dies, not at all.
  // It must be short: other processes wait. Without it each of them is a transaction of its own.
  void transaction(const std::function<void()>& changes);

  // Returns the person's id; it is new or has the name already. Throws Error for an image whose bytes are enrolled
  // already (ask owner()), and for an embedding that is not of the gallery's dimension and unit length.
  int64_t add(const std::string& name, std::span<const EnrolledImage> images);
  // With all images. Throws a usage Error that tells the nearest name when there is none of that name.
  void remove(const std::string& name);
  void remove_image(int64_t id);  // the person goes with the last image; a usage Error when there is none
  // Makes the file smaller once a quarter of it is what was removed (and overwritten with zeros). It is written anew,
  // for which a copy is held in memory: without that much memory the file stays as large. Not within a transaction.
  void shrink();
  // `name` gets the name `to`. Where another person has it the two become that one with `merge`; else a usage Error.
  void rename(const std::string& name, const std::string& to, bool merge = false);

  // The best k people of each query: [n, dimension] of unit length. See search(). Where the derived file is stale it is
  // made first, in memory that does not depend on the size of the gallery: beside the gallery, else in cache_folder(),
  // else as an unnamed temporary file. A file whose damage shows is made again.
  std::vector<std::vector<Match>> search(std::span<const float> queries, int64_t n, int64_t k, int threads = 0) const;

  // The same with the index of index.h, <gallery>.index, which is made where it is stale; it can miss some.
  std::vector<std::vector<Match>> search_index(std::span<const float> queries, int64_t n, int64_t k,
                                               int threads = 0) const;
  // As both, with the people as they are at that moment: another process may remove one before person() is asked.
  using Candidates = std::vector<std::vector<Candidate>>;
  Candidates search_people(std::span<const float> queries, int64_t n, int64_t k, int threads = 0) const;
  Candidates search_people_by_index(std::span<const float> queries, int64_t n, int64_t k, int threads = 0) const;
  // How much it misses: see measure_recall(). Nothing of an empty gallery.
  IndexRecall index_recall(int64_t queries, int64_t k, int threads = 0) const;

 private:
  struct State;
  explicit Gallery(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All images with their embeddings, a row each, in the order of enrolment; whole or not at all. The ending
// decides: .csv with the columns person, name, image, source, sha256, quality, e0 … e<dimension − 1>; .json
//     {"schema": 1, "model": {"identity", "architecture", "dimension", "rule"},
//      "images": [{"person", "name", "image", "source", "sha256", "quality", "embedding": […]}]}     one a line
// Throws a usage Error for another ending.
void export_gallery(const Gallery& gallery, const fs::path& file);

}  // namespace facerec
