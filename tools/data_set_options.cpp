#include <charconv>

#include "facerec/core/error.h"
#include "tools/front.h"

namespace facerec {
namespace {

// A preset, a level, or else a pattern.
LabelConfig parse_label(const std::string& text) {
  LabelConfig label;
  if (text == "folder" || text == "kface") {
    label.by = text;
    return label;
  }
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), label.level);
  if (code != std::errc{} || end != text.data() + text.size()) {
    label.level = 0;
    label.pattern = text;
  } else if (label.level == 0) {
    throw CLI::ValidationError("--label", "levels count from 1, the first folder, or from -1, the one with the image");
  }
  return label;
}

}  // namespace

void add_data_set_options(CLI::App& app, DataSetOptions& options) {
  app.add_option_function<std::string>(
      "--label", [&options](const std::string& text) { options.label = parse_label(text); },
      "of a folder: folder | kface | the level of the identity's folder (1, 2, … or -1, -2, …) | a regular expression");
  app.add_option_function<std::vector<std::string>>(
         "--where",
         [&options](const std::vector<std::string>& filters) {
           for (const std::string& filter : filters) {
             const size_t equals = filter.find('=');
             if (equals == std::string::npos) throw Error::usage("--where is NAME=REGEX, not " + filter);
             options.where[filter.substr(0, equals)] = filter.substr(equals + 1);
           }
         },
         "NAME=REGEX: only paths whose part of that name matches; repeatable")
      ->allow_extra_args(false);
  app.add_option("--root", options.root, "what relative paths in lists and records are below");
  app.add_option("--file-column", options.columns.file, "of a CSV file: where the image is");
  app.add_option("--identity-column", options.columns.identity, "of a CSV file: who is in it");
}

}  // namespace facerec
