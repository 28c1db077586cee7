#include "eval/canvas_svg.h"

#include <sstream>

#include "eval/format.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr size_t longest = 4096;  // bytes of a text

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(value.c_str());
}

// Two decimals of a unit are a tenth of what is seen.
void set(pugi::xml_node node, const char* name, double value) { set(node, name, fixed(value, 2)); }

void set(pugi::xml_node node, const Stroke& stroke) {
  set(node, "stroke", hex(stroke.colour));
  set(node, "stroke-width", stroke.width);
  if (stroke.dashed) set(node, "stroke-dasharray", "5 3.5");
}

std::string points(std::span<const Spot> spots) {
  std::string text;
  for (const Spot& spot : spots) text += (text.empty() ? "" : " ") + fixed(spot.x, 1) + ',' + fixed(spot.y, 1);
  return text;
}

// Widths of common sans-serif fonts, in em, on the wide side: enough for a legend's box.
double em_width(char c) {
  const std::string_view narrow = "fijlrt.,:;|!'()[] /-";
  if (narrow.find(c) != std::string_view::npos) return 0.36;
  if (c == 'm' || c == 'w' || c == 'M' || c == 'W' || c == '%') return 0.92;
  if (static_cast<unsigned char>(c) >= 0xE3) return 1;  // the first byte of Chinese, Japanese and Korean letters
  return c >= 'A' && c <= 'Z' ? 0.73 : 0.62;
}

}  // namespace

std::string hex(Colour colour) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "#";
  for (uint8_t value : {colour.r, colour.g, colour.b}) text += {digits[value >> 4], digits[value & 15]};
  return text;
}

SvgCanvas::SvgCanvas(int width, int height, const std::string& title) : svg_(document_.append_child("svg")) {
  const std::string w = std::to_string(width), h = std::to_string(height);
  set(svg_, "xmlns", "http://www.w3.org/2000/svg");
  set(svg_, "version", "1.1");
  set(svg_, "width", w);
  set(svg_, "height", h);
  set(svg_, "viewBox", "0 0 " + w + ' ' + h);
  set(svg_, "font-family", "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif");
  svg_.append_child("title").text().set(printable(title, longest).c_str());
}

void SvgCanvas::polyline(std::span<const Spot> spots, const Stroke& stroke) {
  pugi::xml_node line = svg_.append_child("polyline");
  set(line, "fill", "none");
  set(line, "stroke-linejoin", "round");
  set(line, stroke);
  set(line, "points", points(spots));
}

void SvgCanvas::rectangle(Spot corner, double width, double height, Colour fill, std::optional<Stroke> stroke) {
  pugi::xml_node rectangle = svg_.append_child("rect");
  set(rectangle, "x", corner.x);
  set(rectangle, "y", corner.y);
  set(rectangle, "width", width);
  set(rectangle, "height", height);
  set(rectangle, "fill", hex(fill));
  if (stroke) set(rectangle, *stroke);
}

void SvgCanvas::area(std::span<const Spot> outline, Colour fill, double opacity) {
  pugi::xml_node polygon = svg_.append_child("polygon");
  set(polygon, "fill", hex(fill));
  set(polygon, "fill-opacity", opacity);
  set(polygon, "points", points(outline));
}

void SvgCanvas::text(Spot baseline, const Text& text) {
  constexpr const char* anchors[] = {"start", "middle", "end"};
  pugi::xml_node node = svg_.append_child("text");
  set(node, "x", baseline.x);
  set(node, "y", baseline.y);
  set(node, "font-size", text.size);
  set(node, "text-anchor", anchors[static_cast<int>(text.anchor)]);
  set(node, "fill", hex(text.colour));
  if (text.bold) set(node, "font-weight", "bold");
  if (text.upwards) set(node, "transform", "rotate(-90 " + fixed(baseline.x, 2) + ' ' + fixed(baseline.y, 2) + ")");
  node.append_child(pugi::node_pcdata).set_value(printable(text.text, longest).c_str());
  if (text.superscript.empty()) return;
  pugi::xml_node raised = node.append_child("tspan");
  set(raised, "dy", -0.4 * text.size);
  set(raised, "font-size", 0.72 * text.size);
  raised.text().set(printable(text.superscript, longest).c_str());
}

double SvgCanvas::width_of(const std::string& text, double size) const {
  double width = 0;
  for (char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) width += em_width(c);
  }
  return width * size;
}

std::string SvgCanvas::finish() && {
  std::ostringstream text;
  document_.save(text, "", pugi::format_indent);
  return std::move(text).str();
}

}  // namespace facerec
