// A gallery, opened as every command does, read from end to end, and changed.
#include <spdlog/spdlog.h>

#include "facerec/core/error.h"
#include "facerec/gallery/gallery.h"
#include "fuzz/scratch.h"
#include "fuzz/views.h"

namespace {

using namespace facerec;

void use(const fs::path& file) {
  Gallery gallery(file);
  gallery.images();
  for (const Person& person : gallery.people()) {
    gallery.find(person.name);
    gallery.each_image_of(person.id, [](const StoredImage& image) { return !image.embedding.empty(); });
  }
  gallery.each_image([](const StoredImage& image) { return image.sha256 != ""; });
  const std::vector<float> query = [&] {
    std::vector<float> axis(static_cast<size_t>(gallery.model().dimension));
    axis.front() = 1;
    return axis;
  }();
  gallery.search(query, 1, 3);
  gallery.remove("b");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fuzz::Scratch folder;
  spdlog::set_level(spdlog::level::off);
  fs::remove(folder.path() / "people.db.matrix");
  try {
    use(folder.write("people.db", {reinterpret_cast<const char*>(data), size}));
  } catch (const Error& error) {
    fuzz::require(!error.message().empty());
  }
  return 0;
}
