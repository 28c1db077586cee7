#include "config/message.h"
#include "facerec/config/config.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

const Node* child(const Node& node, const std::string& key) {
  if (node.kind != Node::Kind::list) return node.find(key);
  size_t index = 0;
  return parse_number(key, index) && index < node.items.size() ? &node.items[index] : nullptr;
}

// Of the value at `key`, or of the section around it when that is not given.
Origin origin_of(const Node& root, const std::string& key) {
  const Node* node = &root;
  for (size_t begin = 0; begin < key.size();) {
    const size_t end = std::min(key.find('.', begin), key.size());
    const Node* next = child(*node, key.substr(begin, end - begin));
    if (next == nullptr) break;
    node = next;
    begin = end + 1;
  }
  return node->origin;
}

}  // namespace

Error located(const Error& error, const Node& root) {
  if (error.key().empty()) return error;
  const Origin origin = origin_of(root, error.key());
  const bool names_key = error.message().find(error.key()) != std::string::npos;
  const std::string message = names_key ? error.message() : "'" + error.key() + "': " + error.message();
  if (error.file().empty()) return config_error(origin, message, error.kind()).hint(error.hint());
  const std::string place =
      origin.argument.empty() ? origin.file + ", line " + std::to_string(origin.line) : origin.argument;
  return error_of(error.kind(), message + " (" + place + ")").file(error.file()).hint(error.hint());
}

}  // namespace facerec
