#include "facerec/recognize/enroll.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "facerec/core/error.h"
#include "facerec/core/stop.h"
#include "facerec/core/text.h"
#include "facerec/io/sha256.h"
#include "recognize/picture_reader.h"

namespace facerec {
namespace {

constexpr float near_alone = 0.6F, nearer_by = 0.1F, never_suspect = 0.4F;  // cosines, see enroll()
constexpr double low_norm = 0.5;                                            // of the median
constexpr size_t enough_for_median = 8;

std::string sha256_of(const Sample& sample) {
  Sha256 sha;
  sha.add(sample.encoded);
  sha.add(std::as_bytes(std::span(sample.pixels.rgb)));
  return sha.hex();
}

float cosine(std::span<const float> a, std::span<const double> b) {
  const double square = std::inner_product(b.begin(), b.end(), b.begin(), 0.0);
  const double product = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  return static_cast<float>(square > 0 ? product / std::sqrt(square) : 0);
}

class Enrolment {
 public:
  Enrolment(Gallery& gallery, FaceEmbedder& embedder) : gallery_(gallery), embedder_(embedder) {}

  void add(const EnrollInput& input, int threads, const std::function<void(int64_t)>& progress);
  void warn_of_look_alikes(int64_t after);
  void warn_of_low_norms();
  EnrollSummary& summary() { return summary_; }

 private:
  struct Taken {  // a picture that will be enrolled, or is
    EnrollNote note;
    std::string sha256 = {};
    EmbeddedFace face = {};
  };

  void leave_out(EnrollNote note, const std::string& reason);
  bool is_new(const EnrollNote& note, const std::string& sha256);
  void take(const EnrollNote& note, const std::string& sha256, EmbeddedPicture& picture, std::vector<Taken>& taken);
  void store(const std::vector<Taken>& taken);
  void check(const std::vector<StoredImage>& images);
  std::string suspicion(const StoredImage& image, const Candidate& other) const;

  Gallery& gallery_;
  FaceEmbedder& embedder_;
  EnrollSummary summary_;
  std::vector<std::pair<EnrollNote, float>> norms_;
};

EnrollNote note_of(const EnrollInput& input, int64_t index) {
  const Dataset& images = *input.images;
  const int64_t label = images.label(index);
  std::string name = input.name;
  if (name.empty() && images.has_name(label)) name = images.class_name(label);
  return {printable(images.name(index), longest_path), name, ""};
}

// "": it can be enrolled under it.
std::string fault_of_name(const std::string& name) {
  if (name.empty()) return "nothing tells whose picture it is; --name does, or the name of its folder";
  try {
    check_person_name(name);
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

void Enrolment::leave_out(EnrollNote note, const std::string& reason) {
  note.reason = reason;
  summary_.left_out.push_back(std::move(note));
}

bool Enrolment::is_new(const EnrollNote& note, const std::string& sha256) {
  const std::optional<Person> owner = gallery_.owner(sha256);
  if (!owner) return true;
  if (owner->name == note.name) {
    ++summary_.already;
  } else {
    leave_out(note, fmt::format("the same image is enrolled for '{}'", owner->name));
  }
  return false;
}

void Enrolment::take(const EnrollNote& note, const std::string& sha256, EmbeddedPicture& picture,
                     std::vector<Taken>& taken) {
  if (picture.faces.size() > 1) {
    return leave_out(note, fmt::format("shows {} faces; --faces largest takes the largest", picture.faces.size()));
  }
  if (const std::string fault = fault_of(picture); !fault.empty()) return leave_out(note, fault);
  taken.push_back({note, sha256, std::move(picture.faces.front())});
}

void Enrolment::add(const EnrollInput& input, int threads, const std::function<void(int64_t)>& progress) {
  std::map<int64_t, std::string> sha256;  // of the group at hand
  PictureReader reader(*input.images, threads, [&](int64_t index, const Sample& sample) {
    ++summary_.images;
    const EnrollNote note = note_of(input, index);
    if (const std::string fault = fault_of_name(note.name); !fault.empty()) {
      leave_out(note, fault);
      return false;
    }
    const std::string sum = sha256_of(sample);
    if (!is_new(note, sum)) return false;
    sha256[index] = sum;
    return true;
  });
  for (PictureGroup group = reader.next(); !group.entries.empty() && stop_signal() == 0; group = reader.next()) {
    std::vector<EmbeddedPicture> embedded = embedder_.embed(group.images);
    std::vector<Taken> taken;
    auto next = embedded.begin();
    for (const auto& [index, error] : group.entries) {
      const EnrollNote note = note_of(input, index);
      if (!error.empty()) {
        if (!sha256.contains(index)) ++summary_.images;  // it could not even be read
        leave_out(note, error);
      } else {
        take(note, sha256.at(index), *next++, taken);
      }
    }
    store(taken);
    sha256.clear();
    if (progress) progress(summary_.images);
  }
}

void Enrolment::store(const std::vector<Taken>& taken) {
  if (taken.empty()) return;
  gallery_.transaction([&] {
    for (const Taken& each : taken) {
      // The same image may stand in the group twice, or another process may have enrolled it meanwhile.
      if (!is_new(each.note, each.sha256)) continue;
      const EnrolledImage image{each.note.image, each.sha256, each.face.embedding, each.face.norm};
      gallery_.add(each.note.name, {&image, 1});
      ++summary_.enrolled;
      norms_.emplace_back(each.note, each.face.norm);
      const float size = std::max(each.face.detected.box.width(), each.face.detected.box.height());
      if (!each.face.crop && 2 * size < static_cast<float>(embedder_.input().width)) {
        summary_.warnings.push_back(
            {each.note.image, each.note.name, fmt::format("small: the face has {:.0f} pixels", size)});
      }
    }
  });
}

void Enrolment::warn_of_look_alikes(int64_t after) {
  constexpr size_t at_a_time = 1024;
  std::vector<StoredImage> images;
  do {
    images.clear();
    gallery_.each_image(
        [&](const StoredImage& image) {
          images.push_back(image);
          return images.size() < at_a_time;
        },
        after);
    if (images.empty()) return;
    check(images);
    after = images.back().id;
  } while (images.size() == at_a_time && stop_signal() == 0);
}

void Enrolment::check(const std::vector<StoredImage>& images) {
  std::vector<float> queries;
  for (const StoredImage& image : images) queries.insert(queries.end(), image.embedding.begin(), image.embedding.end());
  const auto found = gallery_.search_people(queries, static_cast<int64_t>(images.size()), 2);
  for (size_t i = 0; i < images.size(); ++i) {
    const auto other =
        std::ranges::find_if(found[i], [&](const Candidate& each) { return each.person.id != images[i].person; });
    if (other == found[i].end() || other->cosine < never_suspect) continue;
    const std::string reason = suspicion(images[i], *other);
    const std::optional<Person> own = gallery_.find(images[i].person);  // nobody: another process has removed them
    if (reason.empty() || !own) continue;
    summary_.warnings.push_back({images[i].source, own->name, reason});
  }
}

std::string Enrolment::suspicion(const StoredImage& image, const Candidate& other) const {
  std::vector<double> rest(image.embedding.size());
  bool alone = true;
  gallery_.each_image_of(image.person, [&](const StoredImage& each) {
    if (each.id == image.id) return true;
    alone = false;
    for (size_t i = 0; i < rest.size(); ++i) rest[i] += double{each.quality} * double{each.embedding[i]};
    return true;
  });
  const float own = alone ? near_alone - nearer_by : cosine(image.embedding, rest);
  if (other.cosine <= own + nearer_by) return "";
  const std::string like = fmt::format("looks like '{}' (cosine {:.2f})", other.person.name, other.cosine);
  return alone ? like : fmt::format("{}, less like the other images of its own ({:.2f})", like, own);
}

void Enrolment::warn_of_low_norms() {
  if (norms_.size() < enough_for_median) return;
  std::vector<float> sorted;
  for (const auto& [note, norm] : norms_) sorted.push_back(norm);
  const auto middle = sorted.begin() + static_cast<ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  for (const auto& [note, norm] : norms_) {
    if (norm >= low_norm * *middle) continue;
    summary_.warnings.push_back(
        {note.image, note.name, fmt::format("poor: the norm {:.3g} is far below the median, {:.3g}", norm, *middle)});
  }
}

}  // namespace

EnrollSummary enroll(Gallery& gallery, FaceEmbedder& embedder, const std::vector<EnrollInput>& inputs, int threads,
                     const std::function<void(int64_t)>& progress) {
  const int64_t last = gallery.last_image();
  Enrolment enrolment(gallery, embedder);
  for (const EnrollInput& input : inputs) {
    if (stop_signal() == 0) enrolment.add(input, threads, progress);
  }
  EnrollSummary& summary = enrolment.summary();
  summary.signal = stop_signal();
  if (summary.enrolled > 0 && summary.signal == 0) {
    enrolment.warn_of_look_alikes(last);
    enrolment.warn_of_low_norms();
  }
  return std::move(summary);
}

}  // namespace facerec
