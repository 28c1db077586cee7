#include "facerec/data/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "data/attribute_table.h"
#include "data/lists.h"
#include "data/path_rule.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

using ValueOf = std::function<std::string(int64_t image)>;  // "": missing

// The folders that paths in the data sets are below, the deepest first.
std::vector<std::string> folders_of(const DataConfig& config) {
  std::vector<std::string> folders{config.root};
  for (const TrainingSetConfig& set : config.train) {
    const fs::path path = below_root(config.root, set.path);
    folders.push_back(text_of(path));
    folders.push_back(text_of(path.parent_path()));  // of a list
  }
  for (std::string& folder : folders) {
    if (!folder.ends_with('/') && !folder.empty()) folder += '/';
  }
  std::ranges::stable_sort(folders, std::greater(), &std::string::size);
  return folders;
}

// As LabelConfig's pattern sees it. What is no file of an image has no path but that in a folder of identities.
std::string path_in_set(const Dataset& images, int64_t image, const std::vector<std::string>& folders) {
  const std::string name = images.name(image);
  if (!has_image_extension(name)) return images.relative_path(image);
  const auto folder = std::ranges::find_if(folders, [&](const std::string& each) { return name.starts_with(each); });
  return folder == folders.end() ? name : name.substr(folder->size());
}

ValueOf by_pattern(const DataConfig& config, const AttributeConfig& attribute, const Dataset& images,
                   const std::string& key) {
  const std::shared_ptr<const re2::RE2> pattern = compile_pattern(key + ".pattern", attribute.pattern);
  const auto group = static_cast<size_t>(group_called(*pattern, "value"));
  return [pattern, group, folders = folders_of(config), &images](int64_t image) -> std::string {
    const std::string path = path_in_set(images, image, folders);
    std::vector<re2::StringPiece> groups(group + 1);
    if (!pattern->Match(path, 0, path.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) {
      return "";
    }
    return std::string(groups[group]);
  };
}

// The tables that hold an attribute, each with the column that names its images.
std::vector<std::pair<std::string, std::string>> tables_of(const DataConfig& config, const AttributeConfig& attribute,
                                                           const std::string& key) {
  std::vector<std::pair<std::string, std::string>> tables;
  std::error_code code;
  if (!attribute.file.empty()) {
    tables.emplace_back(below_root(config.root, attribute.file), "");
    if (fs::exists(tables.front().first, code)) return tables;
    throw Error::usage("does not exist").file(tables.front().first).key(key + ".file");
  }
  for (const TrainingSetConfig& set : config.train) {
    const std::string path = below_root(config.root, set.path);
    if (is_table(path)) tables.emplace_back(path, set.columns.file);
  }
  if (!tables.empty()) return tables;
  throw Error::usage(fmt::format("no table holds the attribute '{}': the training data is no CSV file", attribute.name))
      .key(key + ".file")
      .hint("name a CSV file with the images' paths and a column of values");
}

ValueOf by_table(const DataConfig& config, const AttributeConfig& attribute, const Dataset& images,
                 const std::string& key) {
  const auto table = std::make_shared<AttributeTable>();
  for (const auto& [path, paths] : tables_of(config, attribute, key)) table->read(path, paths, attribute.column);
  return [table, &images](int64_t image) { return table->value_of(images, image); };
}

// Labels in the byte order of the values.
void read_values(const ValueOf& value_of, int64_t images, Attribute& attribute) {
  std::map<std::string, int64_t> numbers;
  attribute.labels.assign(static_cast<size_t>(images), -1);
  for (int64_t i = 0; i < images; ++i) {
    const std::string value = value_of(i);
    if (value.empty()) continue;
    attribute.labels[static_cast<size_t>(i)] =
        numbers.try_emplace(value, static_cast<int64_t>(numbers.size())).first->second;
  }
  std::vector<int64_t> order(numbers.size());
  for (const auto& [value, number] : numbers) {
    order[static_cast<size_t>(number)] = static_cast<int64_t>(attribute.values.size());
    attribute.values.push_back(value);
  }
  for (int64_t& label : attribute.labels) label = label < 0 ? label : order[static_cast<size_t>(label)];
}

// To the numbers that the values have among the known ones.
void renumber(const Attribute& known, const Dataset& images, Attribute& attribute) {
  std::vector<int64_t> numbers;
  for (const std::string& value : attribute.values) {
    const auto found = std::ranges::lower_bound(known.values, value);
    const bool is_known = found != known.values.end() && *found == value;
    numbers.push_back(is_known ? found - known.values.begin() : -1);
  }
  for (size_t i = 0; i < attribute.labels.size(); ++i) {
    int64_t& label = attribute.labels[i];
    if (label < 0) continue;
    const std::string& value = attribute.values[static_cast<size_t>(label)];
    label = numbers[static_cast<size_t>(label)];
    if (label >= 0) continue;
    throw Error(fmt::format("'{}' is no value of the attribute '{}' in training", printable(value), attribute.name))
        .file(images.name(static_cast<int64_t>(i)))
        .hint("it has " + join(known.values));
  }
  attribute.values = known.values;
}

void check_names(const std::vector<AttributeConfig>& attributes) {
  if (attributes.empty()) {
    throw Error::usage("no attribute is named").key("data.attributes").hint("[{name: camera, pattern: '/(C[0-9]+)'}]");
  }
  for (size_t i = 0; i < attributes.size(); ++i) {
    const AttributeConfig& each = attributes[i];
    const std::string key = fmt::format("data.attributes.{}", i);
    if (each.name.empty()) throw Error::usage("an attribute without a name").key(key + ".name").hint("name: camera");
    if (each.name.find_first_of("./") != std::string::npos) {
      throw Error::usage(fmt::format("'{}' has a dot or a slash, which names in files have a meaning for", each.name))
          .key(key + ".name")
          .hint("name: camera_angle");
    }
    const auto first = std::ranges::find(attributes, each.name, &AttributeConfig::name);
    if (&*first != &each) {
      throw Error::usage(fmt::format("two attributes are called '{}'", each.name))
          .key(key + ".name")
          .hint("names tell them apart in logs and files");
    }
    if (each.pattern.empty() == each.column.empty()) {
      throw Error::usage(fmt::format("the attribute '{}' needs a pattern or a column, and not both", each.name))
          .key(each.pattern.empty() ? key + ".pattern" : key + ".column")
          .hint("pattern: over the paths of images; column: of a CSV file");
    }
  }
}

void check_values(const Attribute& attribute, const Dataset& images) {
  if (attribute.values.empty()) {
    throw Error::usage(fmt::format("no image has the attribute '{}', such as {}", attribute.name, images.name(0)))
        .hint("a pattern is looked for in the path below the folder of the set; a table names images by their paths");
  }
  if (attribute.values.size() == 1) {
    throw Error::usage(fmt::format("every image has the same value of the attribute '{}', '{}': nothing can be learnt",
                                   attribute.name, printable(attribute.values.front())))
        .hint("at least two values are needed");
  }
}

Attribute read_attribute(const DataConfig& config, const AttributeConfig& attribute, const Dataset& images,
                         const std::vector<Attribute>& known, const std::string& key) {
  const ValueOf value_of =
      attribute.pattern.empty() ? by_table(config, attribute, images, key) : by_pattern(config, attribute, images, key);
  Attribute read{attribute.name, {}, {}};
  read_values(value_of, images.size(), read);
  const auto before = std::ranges::find(known, attribute.name, &Attribute::name);
  if (before == known.end() || read.values.empty()) {
    check_values(read, images);
  } else {
    renumber(*before, images, read);
  }
  return read;
}

}  // namespace

std::vector<Attribute> read_attributes(const DataConfig& config, const Dataset& images,
                                       const std::vector<Attribute>& known) {
  check_names(config.attributes);
  std::vector<Attribute> attributes;
  for (size_t i = 0; i < config.attributes.size(); ++i) {
    const AttributeConfig& each = config.attributes[i];
    const std::string key = fmt::format("data.attributes.{}", i);
    try {
      attributes.push_back(read_attribute(config, each, images, known, key));
    } catch (Error& error) {
      if (!error.key().empty()) throw;
      throw std::move(error).key(key + (each.pattern.empty() ? ".column" : ".pattern"));
    }
  }
  return attributes;
}

}  // namespace facerec
