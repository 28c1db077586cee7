#include "image/lettering.h"

#include <pango/pangoft2.h>

#include <algorithm>
#include <memory>
#include <set>

#include "facerec/core/text.h"

namespace facerec {
namespace {

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
template <class Type>
using Object = std::unique_ptr<Type, Unref>;

// Pango's name of a letter's script.
std::string script_of(gunichar letter) {
  const std::unique_ptr<GEnumClass, decltype(&g_type_class_unref)> names(
      static_cast<GEnumClass*>(g_type_class_ref(PANGO_TYPE_SCRIPT)), &g_type_class_unref);
  const GEnumValue* value = g_enum_get_value(names.get(), g_unichar_get_script(letter));
  return value == nullptr ? "unknown" : value->value_nick;
}

// A glyph that stands for a letter without a font holds the letter itself.
std::vector<std::string> missing_scripts(PangoLayout* layout) {
  std::set<std::string> scripts;
  if (pango_layout_get_unknown_glyphs_count(layout) == 0) return {};
  for (GSList* run = pango_layout_get_line_readonly(layout, 0)->runs; run != nullptr; run = run->next) {
    const PangoGlyphString* glyphs = static_cast<PangoLayoutRun*>(run->data)->glyphs;
    for (int i = 0; i < glyphs->num_glyphs; ++i) {
      const PangoGlyph glyph = glyphs->glyphs[i].glyph;
      if ((glyph & PANGO_GLYPH_UNKNOWN_FLAG) != 0) scripts.insert(script_of(glyph & ~PANGO_GLYPH_UNKNOWN_FLAG));
    }
  }
  return {scripts.begin(), scripts.end()};
}

Object<PangoLayout> lay_out(PangoContext* context, const std::string& text, int pixels, int max_width, bool bold) {
  Object<PangoLayout> layout(pango_layout_new(context));
  const std::unique_ptr<PangoFontDescription, decltype(&pango_font_description_free)> font(
      pango_font_description_from_string(bold ? "Sans Bold" : "Sans"), &pango_font_description_free);
  // Ascender and descender of common fonts take 1.2 times the nominal size.
  pango_font_description_set_absolute_size(font.get(), pixels / 1.2 * PANGO_SCALE);
  pango_layout_set_font_description(layout.get(), font.get());
  pango_layout_set_single_paragraph_mode(layout.get(), TRUE);
  pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_END);
  const std::string line = printable(text, 4096);
  pango_layout_set_text(layout.get(), line.data(), static_cast<int>(line.size()));
  PangoRectangle extents;
  pango_layout_get_pixel_extents(layout.get(), nullptr, &extents);
  if (extents.width > max_width) pango_layout_set_width(layout.get(), max_width * PANGO_SCALE);
  return layout;
}

}  // namespace

Lettering letter(const std::string& text, int pixels, int max_width, bool bold) {
  // Kept, since it holds the fonts that were opened.
  static const Object<PangoFontMap> fonts(pango_ft2_font_map_new());
  const Object<PangoContext> context(pango_font_map_create_context(fonts.get()));
  const Object<PangoLayout> layout = lay_out(context.get(), text, pixels, max_width, bold);
  PangoRectangle extents;
  pango_layout_get_pixel_extents(layout.get(), nullptr, &extents);

  Lettering result;
  result.width = std::clamp(extents.width, 1, max_width);
  result.height = std::max(1, extents.height);
  result.baseline = pango_layout_get_baseline(layout.get()) / PANGO_SCALE;
  result.coverage.resize(static_cast<size_t>(result.width) * static_cast<size_t>(result.height));
  result.missing = missing_scripts(layout.get());
  FT_Bitmap bitmap{};
  bitmap.rows = static_cast<unsigned>(result.height);
  bitmap.width = static_cast<unsigned>(result.width);
  bitmap.pitch = result.width;
  bitmap.buffer = result.coverage.data();
  bitmap.num_grays = 256;
  bitmap.pixel_mode = FT_PIXEL_MODE_GRAY;
  pango_ft2_render_layout(&bitmap, layout.get(), -extents.x, -extents.y);
  return result;
}

std::vector<std::string> scripts_without_font() {
  constexpr const char* samples = "aжβ한漢かアعאकকไ";
  return letter(samples, 16, 1000).missing;
}

}  // namespace facerec
