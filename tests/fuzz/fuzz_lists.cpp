// Lists and tables of data sets over a small folder of images. The first byte says which; the rest is the file, or
// several, parted by bytes of 0xFF.
#include <array>

#include "data/cfp.h"
#include "data/lists.h"
#include "facerec/core/error.h"
#include "facerec/data/attributes.h"
#include "facerec/data/pack.h"
#include "facerec/data/pairs.h"
#include "facerec/data/protocols.h"
#include "fuzz/scratch.h"
#include "fuzz/views.h"

namespace {

using namespace facerec;
using fuzz::require;

const fuzz::Scratch& scratch() {
  static const fuzz::Scratch folder;
  static const bool is_filled = [] {
    for (const char* image : {"a/a_0001.jpg", "a/a_0002.jpg", "b/b_0001.jpg", "b/b_0002.jpg", "c/1.png"}) {
      folder.write(fs::path("images") / image, "");
    }
    for (const char* image : {"001/frontal/01.jpg", "001/frontal/02.jpg", "002/frontal/01.jpg", "001/profile/01.jpg"}) {
      folder.write(fs::path("cfp/Data/Images") / image, "");
    }
    return true;
  }();
  require(is_filled);
  return folder;
}

fs::path images() { return scratch().path() / "images"; }

void check(const PairSet& set) {
  require(!set.pairs.empty() && set.fold.size() == set.pairs.size());
  for (const Pair& pair : set.pairs) require(std::max(pair.a, pair.b) < set.images->size());
}

void check(const SearchSet& set) {
  require(!set.gallery.empty() && !set.probes.empty());
  require(static_cast<int64_t>(set.identity.size()) == set.images->size());
  for (const auto& list : {set.gallery, set.probes}) {
    for (const uint32_t image : list) require(image < set.images->size());
  }
}

void pairs(std::string_view text, const char* name, bool skip_missing, bool is_labelled) {
  check(open_pairs(images(), scratch().write(name, text), "pairs", skip_missing,
                   {.one_is_same = is_labelled, .required = is_labelled}));
}

void training_list(std::string_view text, const char* name) {
  Problems problems;
  const auto set = open_list(scratch().write(name, text), images(), {}, problems);
  for (int64_t i = 0; i < set->size(); ++i) require(set->label(i) < set->classes());
}

void searches(std::string_view rest) {
  const fs::path gallery = scratch().write("gallery.txt", fuzz::take_part(rest));
  check(open_searches(images(), gallery, scratch().write("probe.txt", rest), "searches", true));
}

void templates(std::string_view rest) {
  for (const char* name : {"t_face_tid_mid.txt", "t_template_pair_label.txt", "t_name_5pts_score.txt"}) {
    scratch().write(fs::path("images/meta") / name, fuzz::take_part(rest));
  }
  const TemplateSet set = open_template_set(images(), "templates");
  require(static_cast<int64_t>(set.template_of.size()) == set.images->size());
  for (const uint32_t number : set.template_of) require(number < set.templates);
  for (const Pair& pair : set.pairs) require(std::max(pair.a, pair.b) < set.templates);
}

void cfp(std::string_view rest) {
  const fs::path protocol = "cfp/Protocol";
  for (const char* name : {"Pair_list_F.txt", "Pair_list_P.txt", "Split/FF/01/same.txt", "Split/FF/01/diff.txt",
                           "Split/FP/01/same.txt", "Split/FP/01/diff.txt"}) {
    scratch().write(protocol / name, fuzz::take_part(rest));
  }
  for (const PairSet& set : open_cfp(scratch().path() / "cfp", "cfp", true)) check(set);
}

void groups(std::string_view text, const char* name) {
  const Groups groups(scratch().write(name, text));
  const auto set = open_image_folder(images());
  for (int64_t i = 0; i < set->size(); ++i) groups.of(*set, i);
}

void attributes(std::string_view text) {
  DataConfig config;
  config.train.push_back({.path = images()});
  const fs::path table = scratch().write("attributes.csv", text);
  config.attributes.push_back({.name = "pose", .pattern = "", .file = table, .column = "pose"});
  const auto set = open_image_folder(images());
  for (const Attribute& attribute : read_attributes(config, *set)) {
    for (const int64_t label : attribute.labels) require(label < static_cast<int64_t>(attribute.values.size()));
  }
}

void exclusions(std::string_view text) {
  require(exclude(open_image_folder(images()), scratch().write("exclude.txt", text))->size() > 0);
}

constexpr std::array<void (*)(std::string_view), 14> readers{
    [](std::string_view text) { pairs(text, "pairs.txt", false, true); },
    [](std::string_view text) { pairs(text, "pairs.txt", true, false); },
    [](std::string_view text) { pairs(text, "pairs.csv", true, false); },
    [](std::string_view text) { pairs(text, "pairs.tsv", false, true); },
    [](std::string_view text) { training_list(text, "list.txt"); },
    [](std::string_view text) { training_list(text, "list.csv"); },
    searches,
    templates,
    cfp,
    [](std::string_view text) { groups(text, "groups.txt"); },
    [](std::string_view text) { groups(text, "groups.csv"); },
    attributes,
    exclusions,
    [](std::string_view text) { is_lfw_list(scratch().write("any.txt", text)); },
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    readers[data[0] % readers.size()]({reinterpret_cast<const char*>(data + 1), size - 1});
  } catch (const Error& error) {
    require(!error.file().empty() || !error.key().empty());
  }
  return 0;
}
