#include "eval/html.h"

#include <openssl/evp.h>

#include <sstream>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec::html {
namespace {

void set(Node node, const Attributes& attributes) {
  for (const auto& [name, value] : attributes) {
    node.append_attribute(name).set_value(printable(value, value.size()).c_str());
  }
}

}  // namespace

Node add(Node parent, const char* name, const std::string& text, const Attributes& attributes) {
  Node node = parent.append_child(name);
  set(node, attributes);
  // Only void elements may be written as <br/>; others have a text, if an empty one, and so an end tag.
  const std::string_view element = name;
  if (element != "meta" && element != "img") add_text(node, text);
  return node;
}

void add_text(Node parent, const std::string& text) {
  parent.append_child(pugi::node_pcdata).set_value(printable(text, text.size()).c_str());
}

void add_raw(Node parent, const char* name, const std::string& text, const Attributes& attributes) {
  if (text.find_first_of("<&>") != std::string::npos) throw Error("this text cannot stand in HTML as it is");
  Node node = parent.append_child(name);
  set(node, attributes);
  node.append_child(pugi::node_pcdata).set_value(text.c_str());
}

std::string data_uri(std::span<const std::byte> image) {
  const bool png = !image.empty() && image.front() == std::byte{0x89};
  std::string base64((image.size() + 2) / 3 * 4 + 1, '\0');  // and the zero that OpenSSL ends it with
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                      reinterpret_cast<const unsigned char*>(image.data()), static_cast<int>(image.size()));
  base64.resize(static_cast<size_t>(length));
  return (png ? "data:image/png;base64," : "data:image/jpeg;base64,") + base64;
}

std::string to_text(const pugi::xml_document& document) {
  std::ostringstream text;
  document.save(text, "", pugi::format_indent | pugi::format_no_declaration);
  return std::move(text).str();
}

}  // namespace facerec::html
