// The page of an evaluation, as a document and as a browser shows it.
#include <sys/wait.h>

#include <cstdio>
#include <pugixml.hpp>
#include <regex>
#include <set>

#include "facerec/core/files.h"
#include "unit/eval/report_examples.h"

namespace facerec::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::ordered_json;

struct Page {
  Report report;
  Json json;
  std::string html;
};

const Page& whole_page() {
  static const Page page = [] {
    const Report report = whole_report();
    return Page{report, to_json(report), to_html(report)};
  }();
  return page;
}

pugi::xml_document parsed(const std::string& html) {
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_buffer(html.data(), html.size(), pugi::parse_full);
  EXPECT_TRUE(result) << result.description() << " at " << html.substr(static_cast<size_t>(result.offset), 80);
  return document;
}

// Whether a number in a text is that of the document, as it is or in percent, to its last digit.
bool shows(const std::string& text, double value) {
  const size_t point = text.find('.');
  const double unit = point == std::string::npos ? 1 : std::pow(10.0, -static_cast<double>(text.size() - point - 1));
  const double shown = std::stod(text);
  return std::abs(shown - value) <= 0.5001 * unit || std::abs(shown - 100 * value) <= 0.5001 * unit;
}

// `places`: JSON pointers of the numbers in `text`, in their order.
void expect_numbers_of(const Json& json, const std::string& places, std::string text) {
  for (size_t at; (at = text.find("−")) != std::string::npos;) text.replace(at, std::string("−").size(), "-");
  static const std::regex number("[-+]?[0-9]+(\\.[0-9]+)?");
  std::sregex_iterator shown(text.begin(), text.end(), number), end;
  std::istringstream list(places);
  for (std::string place; list >> place; ++shown) {
    ASSERT_NE(shown, end) << text << " lacks " << place;
    EXPECT_TRUE(shows(shown->str(), json.at(Json::json_pointer(place)).get<double>())) << place << ": " << text;
  }
  EXPECT_EQ(shown, end) << text << " has more numbers than " << places;
}

template <class Function>
void for_all(const pugi::xml_node& node, Function function) {
  function(node);
  for (const pugi::xml_node& child : node.children()) for_all(child, function);
}

TEST(Page, IsWellFormedWhateverItsNamesHold) {
  for (const Report& report : {whole_report(0), one_model(), Report{}, Report{{{"m"}}, {{0, "x", same_pairs_only()}}},
                               Report{{{"\xff\x01 ]]> <!--"}}, {{0, "--></script>\"'", verification_of(50, 3, 1)}}}}) {
    parsed(to_html(report));
  }
}

TEST(Page, LoadsNothingAndRunsNothing) {
  std::set<std::string> ids;
  for_all(parsed(whole_page().html), [&](const pugi::xml_node& node) {
    for (const pugi::xml_attribute& attribute : node.attributes()) {
      const std::string name = attribute.name(), value = attribute.value();
      EXPECT_TRUE(name != "src" || value.starts_with("data:image/")) << value.substr(0, 80);
      EXPECT_TRUE(name != "href" || value.starts_with('#')) << value;
      EXPECT_TRUE(name != "id" || ids.insert(value).second) << value;
      EXPECT_FALSE(name.starts_with("on")) << name;
      EXPECT_TRUE(name == "xmlns" || value.find("://") == std::string::npos) << value;
    }
    EXPECT_STRNE(node.name(), "link");
    EXPECT_STRNE(node.name(), "b");  // of a file's name
  });
  const pugi::xml_document document = parsed(whole_page().html);
  EXPECT_TRUE(document.select_nodes("//script[@type!='application/json']").empty());
  EXPECT_THAT(document.select_node("//style").node().child_value(), Not(HasSubstr("url(")));
}

TEST(Page, HoldsTheEvaluation) {
  const pugi::xml_document document = parsed(whole_page().html);
  const pugi::xml_node script = document.select_node("//script[@id='evaluation']").node();
  EXPECT_EQ(Json::parse(script.child_value()), whole_page().json);
}

TEST(Page, ShowsTheNumbersOfTheEvaluation) {
  size_t cells = 0;
  for_all(parsed(whole_page().html), [&](const pugi::xml_node& node) {
    if (!node.attribute("data-figures")) return;
    expect_numbers_of(whole_page().json, node.attribute("data-figures").value(), node.child_value());
    ++cells;
  });
  EXPECT_GT(cells, 300U);
}

// A number that no figure stands behind would be one that nobody checks.
TEST(Page, HasNoNumberInItsTablesButTheEvaluations) {
  for_all(parsed(whole_page().html), [&](const pugi::xml_node& node) {
    if (std::string(node.name()) != "td" || node.attribute("data-figures")) return;
    if (std::string(node.parent().parent().parent().attribute("class").value()) == "facts-table") return;
    EXPECT_EQ(std::string(node.child_value()).find_first_of("0123456789"), std::string::npos) << node.child_value();
  });
}

TEST(Page, HasTheSectionsOfWhatWasEvaluated) {
  const pugi::xml_document document = parsed(whole_page().html);
  for (const char* id :
       {"results", "comparison", "data-1", "search-1", "robustness", "groups", "wrong", "reading", "provenance"}) {
    EXPECT_TRUE(document.select_node(fmt::format("//section[@id='{}']", id).c_str())) << id;
    EXPECT_TRUE(document.select_node(fmt::format("//nav//a[@href='#{}']", id).c_str())) << id;
  }
  for (const pugi::xpath_node& table : document.select_nodes("//table")) {
    EXPECT_STRNE(table.node().child("caption").child_value(), "");
  }
  EXPECT_TRUE(document.select_nodes("//th[not(@scope)]").empty());
  EXPECT_TRUE(document.select_nodes("//figure[not(figcaption)]").empty());
  EXPECT_TRUE(document.select_nodes("//img[not(@alt)]").empty());
  const pugi::xml_document small = parsed(to_html(one_model()));
  for (const char* id : {"comparison", "search-1", "robustness", "groups", "wrong"}) {
    EXPECT_FALSE(small.select_node(fmt::format("//section[@id='{}']", id).c_str())) << id;
  }
}

TEST(Page, JudgesTheDifferenceInASentence) {
  EXPECT_THAT(whole_page().html, HasSubstr(">significantly better</strong> than before"));
  const VerificationResult result = verification_of(600, 4, 1, 100);
  const Report same{.models = {{"a"}, {"b"}}, .results = {{0, "lfw", result}, {1, "lfw", result}}};
  EXPECT_THAT(to_html(same), HasSubstr("there is no significant difference between b and a"));
}

// ---- In a browser

std::string browser() {
  for (const char* name : {"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}) {
    if (std::system(fmt::format("command -v {} >/dev/null", name).c_str()) == 0) return name;
  }
  return "";
}

struct Shown {
  std::string dom, messages;
};

Shown show(const std::string& html) {
  const TemporaryFolder folder;
  write_file(folder / "page.html", html);
  const std::string command = fmt::format(
      "timeout 60 {} --no-sandbox --headless --disable-gpu --enable-logging=stderr --user-data-dir={}/profile "
      "--dump-dom "
      "file://{}/page.html 2>{}/messages",
      browser(), folder.path().string(), folder.path().string(), folder.path().string());
  Shown shown;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[65536];
  for (size_t size; (size = fread(buffer, 1, sizeof buffer, pipe)) > 0;) shown.dom.append(buffer, size);
  EXPECT_EQ(WEXITSTATUS(pclose(pipe)), 0);
  shown.messages = read_text(folder / "messages");
  return shown;
}

TEST(PageInABrowser, HasNoErrorsAndTheNumbersOfTheEvaluation) {
  if (browser().empty()) GTEST_SKIP() << "no browser: install chromium-headless-shell to look at the page";
  const Shown shown = show(whole_page().html);
  EXPECT_THAT(shown.messages, Not(HasSubstr("CONSOLE")));
  const std::string begin = "<script type=\"application/json\" id=\"evaluation\">";
  const size_t script = shown.dom.find(begin);
  ASSERT_NE(script, std::string::npos);
  const size_t from = script + begin.size();
  EXPECT_EQ(Json::parse(shown.dom.substr(from, shown.dom.find("</script>", from) - from)), whole_page().json);

  const std::regex cell("data-figures=\"([^\"]*)\"[^>]*>([^<]*)<");
  size_t cells = 0;
  for (std::sregex_iterator at(shown.dom.begin(), shown.dom.end(), cell), end; at != end; ++at, ++cells) {
    expect_numbers_of(whole_page().json, (*at)[1], (*at)[2]);
  }
  EXPECT_EQ(cells, parsed(whole_page().html).select_nodes("//*[@data-figures]").size());
}

// A page with an error is one that this test must see.
TEST(PageInABrowser, TellsOfErrors) {
  if (browser().empty()) GTEST_SKIP() << "no browser: install chromium-headless-shell to look at the page";
  EXPECT_THAT(show("<!DOCTYPE html><title>x</title><script>throw Error('seen')</script>").messages, HasSubstr("seen"));
}

}  // namespace
}  // namespace facerec::test
