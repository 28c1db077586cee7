#include "facerec/eval/plot.h"

#include <fstream>

#include "facerec/core/error.h"
#include "unit/eval/golden.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

Roc roc_of(size_t count, double distance, uint64_t seed) {
  const PairScores scores = normal_scores(count, distance, seed);
  return roc_curve(scores.cosine, scores.same).value();
}

// Every element is closed in order, attributes are quoted, and no bare ampersand is left.
void expect_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const size_t end = xml.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    EXPECT_EQ(std::ranges::count(tag, '"') % 2, 0) << tag;
    EXPECT_EQ(tag.find('<'), std::string::npos) << tag;
    const std::string name = tag.substr(0, tag.find(' '));
    if (tag.starts_with('?') || tag.ends_with('/')) continue;
    if (!tag.starts_with('/')) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty());
    EXPECT_EQ(name, "/" + open.back());
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
  for (size_t at = xml.find('&'); at != std::string::npos; at = xml.find('&', at + 1)) {
    const std::string entity = xml.substr(at, xml.find(';', at) - at);
    EXPECT_THAT(entity, testing::AnyOf("&amp", "&lt", "&gt", "&quot"));
  }
  EXPECT_THAT(xml, Not(HasSubstr("nan")));
  EXPECT_THAT(xml, Not(HasSubstr("inf")));
}

TEST(RocSvg, IsWellFormedAndEscapesLabels) {
  const Roc a = roc_of(3000, 4, 1), b = roc_of(3000, 3, 2);
  const RocSeries series[] = {{"before <R&D> \"x\"\x01", &a}, {"après", &b}};
  const std::string svg = roc_svg(series, "LFW & <others>");
  expect_well_formed(svg);
  EXPECT_THAT(svg, HasSubstr("before &lt;R&amp;D&gt; &quot;x&quot;<"));
  EXPECT_THAT(svg, HasSubstr("après"));
  EXPECT_THAT(svg, HasSubstr("LFW &amp; &lt;others&gt;"));
  EXPECT_THAT(svg, HasSubstr("fewer than 30"));
}

TEST(RocSvg, TakesDegenerateCurves) {
  const std::vector<uint8_t> same = {1, 0, 1, 0};
  for (const std::vector<double>& scores :
       {std::vector<double>{1, 0, 1, 0}, std::vector<double>{0, 1, 0, 1}, std::vector<double>{0.5, 0.5, 0.5, 0.5}}) {
    const Roc roc = roc_curve(scores, same).value();
    const RocSeries series[] = {{"", &roc}};
    expect_well_formed(roc_svg(series, ""));
    EXPECT_NO_THROW(roc_image(series, ""));
  }
}

TEST(RocSvg, IsSmallForManyPairs) {
  const Roc roc = roc_of(200'000, 2, 1);
  const RocSeries series[] = {{"many", &roc}};
  EXPECT_LT(roc_svg(series, "many").size(), 150'000U);
}

TEST(RocSvg, CutsLongLabelsBetweenCharacters) {
  const Roc roc = roc_of(100, 2, 1);
  std::string label;
  for (int i = 0; i < 60; ++i) label += "é";
  const RocSeries series[] = {{label, &roc}};
  std::string cut;
  for (int i = 0; i < 38; ++i) cut += "é";
  EXPECT_THAT(roc_svg(series, ""), HasSubstr(">" + cut + "...<"));
}

TEST(RocPlot, NeedsASeries) {
  EXPECT_THROW(roc_svg({}, "x"), Error);
  EXPECT_THROW(roc_image({}, "x"), Error);
}

TEST(RocImage, ShowsTheCurve) {
  const Roc roc = roc_of(3000, 4, 1);
  const RocSeries series[] = {{"model", &roc}};
  const Image image = roc_image(series, "LFW");
  EXPECT_EQ(image.width, 1520);
  EXPECT_EQ(image.height, 1040);
  size_t blue = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    blue += image.rgb[i] == 0 && image.rgb[i + 1] == 114 && image.rgb[i + 2] == 178;
  }
  EXPECT_GT(blue, 1000U);
}

}  // namespace
}  // namespace facerec::test
