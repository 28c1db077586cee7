// Known people: one SQLite file with people, images, embeddings and the model that made them; beside it a derived file
// of templates for the search (matrix.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "facerec/core/files.h"
#include "facerec/gallery/search.h"
#include "facerec/infer/embeddings.h"

namespace facerec {

// Which embeddings a gallery holds; those of another model, or of another rule, cannot be compared with them.
struct GalleryModel {
  std::string identity;      // of the model: see Engine::identity()
  std::string architecture;  // for messages
  std::string path;          // where the model was when the gallery was made; a hint, no more
  int64_t dimension = 0;
  EmbeddingRule rule = EmbeddingRule::no_flip;

  bool operator==(const GalleryModel&) const = default;
};

struct EnrolledImage {
  std::string source;                // path of the image and face in it, for people
  std::string sha256;                // of the file's bytes: an image is enrolled once
  std::span<const float> embedding;  // of unit length
  float quality = 1;                 // weight in the template: the norm of the raw embedding
};

struct Person {
  int64_t id = 0;
  std::string name;
  int64_t images = 0;
};

class Gallery {
 public:
  // Throws Error for a file that is no gallery, is damaged, or of a newer version; a usage Error when it is not there.
  explicit Gallery(const fs::path& file);
  // Makes it where it is not there; throws a usage Error when it is there and of another model.
  static Gallery open_or_create(const fs::path& file, const GalleryModel& model);
  Gallery(Gallery&&) noexcept;
  ~Gallery();

  const GalleryModel& model() const;
  int64_t size() const;        // people
  int64_t generation() const;  // grows with every change
  std::optional<Person> find(const std::string& name) const;
  Person person(int64_t id) const;     // throws Error when there is none
  std::vector<Person> people() const;  // by name

  // The best k people of each query: [n, dimension] of unit length. See search().
  std::vector<std::vector<Match>> search(std::span<const float> queries, int64_t n, int64_t k, int threads = 0) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facerec
