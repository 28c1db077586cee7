#include "eval/canvas_svg.h"

#include "eval/format.h"

namespace facerec {
namespace {

// Text for XML: markup escaped, control characters (which XML 1.0 forbids) left out.
std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) result += c;
    }
  }
  return result;
}

std::string hex(Colour colour) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "#";
  for (uint8_t value : {colour.r, colour.g, colour.b}) text += {digits[value >> 4], digits[value & 15]};
  return text;
}

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + fixed(value, 2) + '"';
}

std::string attributes(const Stroke& stroke) {
  return " stroke=\"" + hex(stroke.colour) + '"' + attribute("stroke-width", stroke.width) +
         (stroke.dashed ? " stroke-dasharray=\"5 3.5\"" : "");
}

// Widths of common sans-serif fonts, in em, on the wide side: enough for a legend's box.
double em_width(char c) {
  const std::string_view narrow = "fijlrt.,:;|!'()[] /-";
  if (narrow.find(c) != std::string_view::npos) return 0.36;
  if (c == 'm' || c == 'w' || c == 'M' || c == 'W' || c == '%') return 0.92;
  return c >= 'A' && c <= 'Z' ? 0.73 : 0.62;
}

}  // namespace

SvgCanvas::SvgCanvas(int width, int height, const std::string& title) {
  const std::string w = std::to_string(width), h = std::to_string(height);
  svg_ =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"" +
      w + "\" height=\"" + h + "\" viewBox=\"0 0 " + w + ' ' + h +
      "\" font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">\n<title>" + escaped(title) +
      "</title>\n";
}

void SvgCanvas::polyline(std::span<const Spot> spots, const Stroke& stroke) {
  svg_ += R"(<polyline fill="none" stroke-linejoin="round")" + attributes(stroke) + " points=\"";
  for (const Spot& spot : spots) svg_ += (&spot == spots.data() ? "" : " ") + fixed(spot.x, 2) + ',' + fixed(spot.y, 2);
  svg_ += "\"/>\n";
}

void SvgCanvas::rectangle(Spot corner, double width, double height, Colour fill, std::optional<Stroke> stroke) {
  svg_ += "<rect" + attribute("x", corner.x) + attribute("y", corner.y) + attribute("width", width) +
          attribute("height", height) + " fill=\"" + hex(fill) + '"' + (stroke ? attributes(*stroke) : "") + "/>\n";
}

void SvgCanvas::text(Spot baseline, const Text& text) {
  constexpr const char* anchors[] = {"start", "middle", "end"};
  const std::string position = fixed(baseline.x, 2) + ' ' + fixed(baseline.y, 2);
  svg_ += "<text" + attribute("x", baseline.x) + attribute("y", baseline.y) + attribute("font-size", text.size) +
          " text-anchor=\"" + anchors[static_cast<int>(text.anchor)] + "\" fill=\"" + hex(text.colour) + '"';
  if (text.bold) svg_ += " font-weight=\"bold\"";
  if (text.upwards) svg_ += " transform=\"rotate(-90 " + position + ")\"";
  svg_ += '>' + escaped(text.text);
  if (!text.superscript.empty()) {
    const bool negative = text.superscript.starts_with('-');  // drawn with a minus sign, not a hyphen
    svg_ += "<tspan" + attribute("dy", -0.4 * text.size) + attribute("font-size", 0.72 * text.size) + '>' +
            (negative ? "\u2212" : "") + escaped(text.superscript.substr(negative)) + "</tspan>";
  }
  svg_ += "</text>\n";
}

double SvgCanvas::width_of(const std::string& text, double size) const {
  double width = 0;
  for (char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) width += em_width(c);
  }
  return width * size;
}

std::string SvgCanvas::finish() && { return std::move(svg_) + "</svg>\n"; }

}  // namespace facerec
