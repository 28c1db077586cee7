#include "facerec/eval/plot.h"

#include "facerec/core/error.h"
#include "unit/eval/figures.h"
#include "unit/eval/report_examples.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;

Roc roc_of(size_t count, double distance, uint64_t seed) {
  const PairScores scores = normal_scores(count, distance, seed);
  return roc_curve(scores.cosine, scores.same).value();
}

size_t pixels_of(const Image& image, std::array<uint8_t, 3> colour) {
  size_t count = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3) count += std::equal(colour.begin(), colour.end(), &image.rgb[i]);
  return count;
}

constexpr std::array<uint8_t, 3> blue = {0, 114, 178}, vermilion = {213, 94, 0};

TEST(Figures, EscapeLabelsAndKeepThemUtf8) {
  const Roc a = roc_of(3000, 4, 1), b = roc_of(3000, 3, 2);
  const RocSeries series[] = {{"before <R&D> \"x\"\x01\xff", &a}, {"après 한국어", &b}};
  const std::string svg = checked_svg(roc_figure(series, "LFW & <others>"));
  EXPECT_THAT(svg, HasSubstr("before &lt;R&amp;D&gt;"));
  EXPECT_THAT(svg, HasSubstr("après 한국어"));
  EXPECT_THAT(svg, HasSubstr("LFW &amp; &lt;others&gt;"));
}

TEST(Figures, MarkWhereFewerThan30FalseMatchesAreExpected) {
  const Roc few = roc_of(3000, 4, 1);
  const RocSeries series[] = {{"few", &few}};
  for (const Figure& figure : {roc_figure(series, ""), det_figure(series, "")}) {
    EXPECT_THAT(checked_svg(figure), HasSubstr("fewer than 30"));
    EXPECT_THAT(checked_svg(figure), HasSubstr("stroke-dasharray"));
  }
}

// Perfect, inverted, constant, a single pair of each kind, tied.
TEST(Figures, TakeDegenerateScores) {
  const std::vector<uint8_t> same = {1, 0, 1, 0};
  for (const std::vector<double>& scores :
       {std::vector<double>{1, 0, 1, 0}, std::vector<double>{0, 1, 0, 1}, std::vector<double>{0.5, 0.5, 0.5, 0.5},
        std::vector<double>{1, 1, 1, -1}}) {
    const Roc roc = roc_curve(scores, same).value();
    const ScoreDistribution distribution = score_distribution(roc);
    const RocSeries series[] = {{"", &roc}};
    checked_svg(roc_figure(series, ""));
    checked_svg(det_figure(series, ""));
    checked_svg(error_curve_figure(series, ""));
    checked_svg(histogram_figure(distribution, 0.2, ""));
  }
}

TEST(Figures, OfAPerfectModelShowWhereItStands) {
  const std::vector<double> scores = {1, 0, 1, 0};
  const Roc roc = roc_curve(scores, std::vector<uint8_t>{1, 0, 1, 0}).value();
  const RocSeries series[] = {{"perfect", &roc}};
  for (const Figure& figure : {roc_figure(series, ""), det_figure(series, ""), error_curve_figure(series, "")}) {
    EXPECT_GT(pixels_of(figure.image(), blue), 100U);
  }
}

TEST(Figures, AreSmallForManyPairs) {
  const Roc roc = roc_of(500'000, 2, 1);
  const RocSeries series[] = {{"a million", &roc}};
  EXPECT_LT(roc_figure(series, "").svg().size(), 60'000U);
  EXPECT_LT(det_figure(series, "").svg().size(), 60'000U);
  EXPECT_LT(error_curve_figure(series, "").svg().size(), 60'000U);
}

TEST(Figures, CutLongLabelsBetweenCharacters) {
  const Roc roc = roc_of(100, 2, 1);
  std::string label, cut;
  for (int i = 0; i < 60; ++i) label += "é";
  for (int i = 0; i < 38; ++i) cut += "é";
  const RocSeries series[] = {{label, &roc}};
  EXPECT_THAT(roc_figure(series, "").svg(), HasSubstr(">" + cut + "...<"));
}

TEST(Figures, NameOnlySomeOfManySeries) {
  const Roc roc = roc_of(100, 2, 1);
  const std::vector<RocSeries> series(40, {"model", &roc});
  EXPECT_THAT(checked_svg(roc_figure(series, "")), HasSubstr("and 24 more"));
}

TEST(Figures, NeedSomethingToDraw) {
  EXPECT_THROW(roc_figure({}, "x"), Error);
  EXPECT_THROW(det_figure({}, "x"), Error);
  EXPECT_THROW(error_curve_figure({}, "x"), Error);
  EXPECT_THROW(histogram_figure({}, 0.0, "x"), Error);
  EXPECT_THROW(severity_figure({}, "blur", "x"), Error);
  const IdentificationResult closed = identification_of(0.9, 100, 0), nothing;
  const SearchSeries no_strangers[] = {{"closed set", &closed}}, no_searches[] = {{"nothing", &nothing}};
  EXPECT_THROW(open_set_figure(no_strangers, "x"), Error);
  EXPECT_THROW(cmc_figure(no_searches, "x"), Error);
}

TEST(Figures, ShowTheCurvesOfAllSeries) {
  const Roc a = roc_of(3000, 4, 1), b = roc_of(3000, 3, 1);
  const RocSeries series[] = {{"a", &a}, {"b", &b}};
  for (const Figure& figure : {roc_figure(series, ""), det_figure(series, ""), error_curve_figure(series, "")}) {
    const Image image = figure.image();
    EXPECT_GT(pixels_of(image, blue), 1000U);
    EXPECT_GT(pixels_of(image, vermilion), 1000U);
  }
}

TEST(DetFigure, HasNormalDeviateAxes) {
  const Roc roc = roc_of(3000, 4, 1);
  const RocSeries series[] = {{"a", &roc}};
  pugi::xml_document document;
  const std::string svg = checked_svg(det_figure(series, ""));
  document.load_string(svg.c_str());
  // On the x axis, 0.01 % … 50 %: as far from the middle as the quantiles of the normal law.
  std::map<std::string, double> place;
  for (const pugi::xml_node& text : document.child("svg").children("text")) {
    if (text.attribute("y").as_double() > 470 && text.attribute("y").as_double() < 490) {
      place[text.child_value()] = text.attribute("x").as_double();
    }
  }
  const double unit = (place.at("50") - place.at("0.01")) / 3.719016485;
  EXPECT_NEAR(place.at("50") - place.at("1"), 2.326347874 * unit, 0.02);
  EXPECT_NEAR(place.at("50") - place.at("20"), 0.841621234 * unit, 0.02);
}

TEST(ErrorCurveFigure, NamesItsAreaAndTheOtherNamesOfItsAxes) {
  const Roc roc = roc_of(300, 3, 1);
  const RocSeries series[] = {{"a", &roc}};
  const std::string svg = checked_svg(error_curve_figure(series, "kface"));
  EXPECT_THAT(svg, HasSubstr(fmt::format(">{:.5f}<", error_area(roc))));
  EXPECT_THAT(svg, HasSubstr("FNIR"));
  EXPECT_THAT(svg, HasSubstr("FPIR"));
}

TEST(HistogramFigure, ShowsBothKindsAndTheThreshold) {
  const VerificationResult result = verification_of(3000, 4, 1);
  const Figure figure = histogram_figure(result.distribution, 0.2, "LFW");
  const std::string svg = checked_svg(figure);
  EXPECT_THAT(svg, HasSubstr("genuine"));
  EXPECT_THAT(svg, HasSubstr("impostor"));
  EXPECT_THAT(svg, HasSubstr(">0.200<"));
  const std::string without = checked_svg(histogram_figure(same_pairs_only().distribution, std::nullopt, ""));
  EXPECT_THAT(without, Not(HasSubstr("impostor")));
}

TEST(SearchFigures, NameTheRatesThatAreAskedFor) {
  const IdentificationResult open = identification_of(0.9, 500, 3000), tiny = identification_of(0.5, 1, 1);
  const SearchSeries series[] = {{"a", &open}, {"tiny", &tiny}};
  EXPECT_THAT(checked_svg(cmc_figure(series, "")), HasSubstr(">90.00 %<"));
  EXPECT_THAT(checked_svg(open_set_figure(series, "")), HasSubstr(">82.00 %<"));
}

TEST(SearchFigures, TakeOneRankAndOneSearch) {
  IdentificationResult one{.gallery = 1, .people = 1, .mated = 1, .nonmated = 1, .cmc = {1.0}};
  one.curve = {{std::numeric_limits<double>::infinity(), 0, 1}, {0.5, 0, 0}, {0.1, 1, 0}};
  const SearchSeries series[] = {{"one", &one}};
  checked_svg(cmc_figure(series, ""));
  checked_svg(open_set_figure(series, ""));
}

TEST(SeverityFigure, ShowsEachSeverity) {
  const SeveritySeries series[] = {{"before", {{1, 0.99, {0.98, 1}}, {2, 0.97, {0.96, 0.98}}, {8, 0.7, {0.66, 0.74}}}},
                                   {"one point", {{4, 0.9, {0.88, 0.92}}}},
                                   {"none", {}}};
  const std::string svg = checked_svg(severity_figure(series, "factor", "LFW"));
  for (const char* tick : {">1<", ">2<", ">4<", ">8<"}) EXPECT_THAT(svg, HasSubstr(tick));
  EXPECT_THAT(svg, Not(HasSubstr(">none<")));
  checked_svg(severity_figure(std::span(series).subspan(1), "factor", "one severity"));
}

}  // namespace
}  // namespace facerec::test
