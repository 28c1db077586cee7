// HTML documents as trees, so that no text from outside can become markup.
#pragma once

#include <cstddef>
#include <pugixml.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace facerec::html {

using Node = pugi::xml_node;
using Attributes = std::vector<std::pair<const char*, std::string>>;

// A child element. What text holds that is no UTF-8 or a control character is replaced.
Node add(Node parent, const char* name, const std::string& text = "", const Attributes& attributes = {});
// A piece of text after what the parent already holds.
void add_text(Node parent, const std::string& text);

// Text that HTML takes as it is in <style> and <script>. It must hold neither '<' nor '&'.
void add_raw(Node parent, const char* name, const std::string& text, const Attributes& attributes = {});

// "data:…;base64,…" of a JPEG or PNG file.
std::string data_uri(std::span<const std::byte> image);

std::string to_text(const pugi::xml_document& document);

}  // namespace facerec::html
