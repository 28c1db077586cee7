#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "facerec/config/config.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/gallery/gallery.h"
#include "facerec/io/csv.h"

namespace facerec {
namespace {

using Json = nlohmann::ordered_json;

// Names of people who follow one another are looked up once.
class Names {
 public:
  explicit Names(const Gallery& gallery) : gallery_(gallery) {}
  const std::string& of(int64_t person) {
    if (person != person_) name_ = gallery_.person(person_ = person).name;
    return name_;
  }

 private:
  const Gallery& gallery_;
  int64_t person_ = 0;
  std::string name_;
};

void write_csv(const Gallery& gallery, AtomicFile& file) {
  std::string line = "person,name,image,source,sha256,quality";
  for (int64_t i = 0; i < gallery.model().dimension; ++i) line += fmt::format(",e{}", i);
  file.write(line + "\n");
  Names names(gallery);
  gallery.each_image([&](const StoredImage& image) {
    line = fmt::format("{},{},{},{},{},{}", image.person, csv_field(names.of(image.person)), image.id,
                       csv_field(image.source), image.sha256, image.quality);
    for (const float value : image.embedding) line += fmt::format(",{}", value);
    file.write(line + "\n");
    return true;
  });
}

void write_json(const Gallery& gallery, AtomicFile& file) {
  const GalleryModel& model = gallery.model();
  const Json about{{"identity", model.identity},
                   {"architecture", model.architecture},
                   {"dimension", model.dimension},
                   {"rule", to_string(model.rule)}};
  file.write(R"({"schema": 1, "model": )" + to_json_text(about) + R"(, "images": [)");
  Names names(gallery);
  const char* separator = "\n";
  gallery.each_image([&](const StoredImage& image) {
    const Json row{{"person", image.person},      {"name", names.of(image.person)}, {"image", image.id},
                   {"source", image.source},      {"sha256", image.sha256},         {"quality", image.quality},
                   {"embedding", image.embedding}};
    file.write(separator + to_json_text(row));
    separator = ",\n";
    return true;
  });
  file.write("\n]}\n");
}

}  // namespace

void export_gallery(const Gallery& gallery, const fs::path& file) {
  const std::string ending = lower(file.extension().string());
  if (ending != ".csv" && ending != ".json") {
    throw Error::usage("a gallery is exported as .csv or .json").file(text_of(file));
  }
  AtomicFile out(file);
  (ending == ".csv" ? write_csv : write_json)(gallery, out);
  out.commit();
}

}  // namespace facerec
