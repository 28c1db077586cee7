// A parsed configuration before it meets its struct: every value knows where it was written.
#pragma once

#include <string>
#include <vector>

#include "facerec/core/files.h"

namespace facerec {

// Where a value stands, for messages: a line of a file, or a command-line argument.
struct Origin {
  std::string file;      // "" for the command line
  int line = 0;          // from 1
  std::string argument;  // "--set train.epochs=3"
};

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string scalar;             // as written, quotes removed
  std::vector<Node> items;        // of a list, or the values of a map in file order
  std::vector<std::string> keys;  // of a map, one an item, unique
  Origin origin;

  const Node* find(const std::string& key) const;
};

// Parses YAML 1.2 (JSON is a subset). Throws a usage Error with file and line for bad syntax, a duplicate key, a key
// that is not a plain word, or a document beyond 1 MB, 100,000 values or 32 levels.
Node parse_yaml(const std::string& text, const Origin& origin);
Node load_yaml(const fs::path& path);

// Puts the value of `assignment`, "section.key=value" in YAML, into the tree; the path is created where it is absent.
// List items are named by their index: "data.train.0.path=DIR". What was there is replaced: a map, with all of its
// keys. Throws a usage Error when it is not of that form.
void set_value(Node& root, const std::string& assignment);

// The same with a value that was read elsewhere: `key` is "section.key".
void set_value(Node& root, const std::string& key, const Node& value);

}  // namespace facerec
