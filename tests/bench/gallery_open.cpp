// How long a gallery of many people takes to open: with its derived file fresh, and with none.
//
//     gallery_open [people] [dimension]
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "facerec/core/error.h"
#include "facerec/gallery/gallery.h"

using namespace facerec;

namespace {

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// People with one image each, whose embedding is e_i/√2 + e_j/√2 for numbers i and j of their own.
void fill(const fs::path& file, int64_t people, int64_t dimension) {
  Gallery gallery = Gallery::open_or_create(file, {.identity = "bench", .dimension = dimension});
  std::vector<float> embedding(static_cast<size_t>(dimension));
  gallery.transaction([&] {
    for (int64_t i = 0; i < people; ++i) {
      const auto a = static_cast<size_t>(i % dimension), b = static_cast<size_t>((i / dimension + a + 1) % dimension);
      embedding[a] = embedding[b] = a == b ? 1.0F : 0.70710678F;
      const std::string name = std::to_string(i);
      const EnrolledImage image{.source = name, .sha256 = name, .embedding = embedding};
      gallery.add(name, {&image, 1});
      embedding[a] = embedding[b] = 0;
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t people = argc > 1 ? std::atoll(argv[1]) : 1'000'000, dimension = argc > 2 ? std::atoll(argv[2]) : 512;
  std::string pattern = (fs::temp_directory_path() / "facerec-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 1;
  const fs::path folder = pattern, file = folder / "gallery";
  std::vector<float> query(static_cast<size_t>(dimension));
  query[0] = 1;
  try {
    std::printf("%-28s %8.3f s\n", "filled", seconds_of([&] { fill(file, people, dimension); }));
    std::printf("%-28s %8.3f s\n", "opened", seconds_of([&] { Gallery gallery(file); }));
    std::printf("%-28s %8.3f s\n", "templates made, one search",
                seconds_of([&] { Gallery(file).search(query, 1, 5); }));
    std::printf("%-28s %8.3f s\n", "opened, one search", seconds_of([&] { Gallery(file).search(query, 1, 5); }));
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  fs::remove_all(folder);
}
