// What every figure must be.
#pragma once

#include <gtest/gtest.h>

#include <pugixml.hpp>
#include <regex>
#include <string>

#include "facerec/eval/plot.h"

namespace facerec::test {

// Every number of every attribute lies on the sheet, or is a size.
inline void expect_finite_on_the_sheet(const pugi::xml_node& node) {
  static const std::regex number("-?[0-9]+(\\.[0-9]+)?");
  for (const char* name : {"points", "x", "y", "width", "height"}) {
    const std::string value = node.attribute(name).value();
    EXPECT_EQ(value.find_first_not_of("0123456789.,- "), std::string::npos) << name << ": " << value;
    for (std::sregex_iterator at(value.begin(), value.end(), number), end; at != end; ++at) {
      EXPECT_GE(std::stod(at->str()), -1) << node.name() << ' ' << name;
      EXPECT_LE(std::stod(at->str()), 761) << node.name() << ' ' << name;
    }
  }
  for (const pugi::xml_node& child : node.children()) expect_finite_on_the_sheet(child);
}

// A well-formed document with finite coordinates; both forms can be drawn.
inline std::string checked_svg(const Figure& figure) {
  std::string svg = figure.svg();
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_buffer(svg.data(), svg.size(), pugi::parse_full);
  EXPECT_TRUE(result) << result.description();
  EXPECT_STREQ(document.child("svg").attribute("viewBox").value(), "0 0 760 520");
  EXPECT_EQ(svg.find("href"), std::string::npos);
  expect_finite_on_the_sheet(document.child("svg"));
  const Image image = figure.image();
  EXPECT_EQ(image.width, 1520);
  EXPECT_EQ(image.height, 1040);
  return svg;
}

}  // namespace facerec::test
