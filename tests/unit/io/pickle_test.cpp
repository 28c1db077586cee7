#include "io/pickle.h"

#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "support/checkpoints.h"

namespace facerec::pickle {
namespace {

using namespace test;
using namespace std::string_literals;
using testing::HasSubstr;

const std::vector<Callable> callables{
    {"collections.OrderedDict", Kind::dict}, {"builtins.set", Kind::set}, {"a.b", Kind::call}};

// As Python's repr would show the value, near enough.
std::string shown(const Tree& tree, Id id) {
  const Value& value = tree[id];
  std::string items;
  for (Id item : value.items) items += (items.empty() ? "" : ",") + shown(tree, item);
  switch (value.kind) {
    case Kind::none: return "None";
    case Kind::boolean: return value.number != 0 ? "True" : "False";
    case Kind::integer: return std::to_string(value.number);
    case Kind::big: return "big" + std::to_string(value.text.size());
    case Kind::real: return std::to_string(value.real());
    case Kind::text: return "'" + std::string(value.text) + "'";
    case Kind::bytes: return "b'" + std::string(value.text) + "'";
    case Kind::list: return "[" + items + "]";
    case Kind::tuple: return "(" + items + ")";
    case Kind::dict: return "{" + items + "}";
    case Kind::set: return "set(" + items + ")";
    case Kind::global: return std::string(value.text);
    case Kind::call: return shown(tree, value.of) + shown(tree, value.arguments) + "/" + shown(tree, value.state);
    case Kind::object: return "<" + shown(tree, value.of) + " " + shown(tree, value.state) + " " + items + ">";
    case Kind::persistent: return "@" + shown(tree, value.of);
  }
  return "?";
}

std::string read_shown(const std::string& bytes) {
  const Tree tree = read(std::as_bytes(std::span(bytes)), callables);
  return shown(tree, tree.root());
}

std::string error_of(const std::string& bytes) {
  try {
    return read_shown(bytes);
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(Pickle, Numbers) {
  EXPECT_EQ(read_shown("(K\xFFM\x01\x01J\xFF\xFF\xFF\xFFI-7\nL12L\nI01\nI00\nN\x88\x89t."),
            "(255,257,-1,-7,12,True,False,None,True,False)");
  EXPECT_EQ(read_shown("(\x8A\x00\x8A\x01\xFF\x8A\x08\x00\x00\x00\x00\x00\x00\x00\x80t."s),
            "(0,-1,-9223372036854775808)");
  EXPECT_EQ(read_shown("\x8A\x09\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00."s), "big9");
  EXPECT_EQ(read_shown("(G\x3F\xF8\x00\x00\x00\x00\x00\x00"s + "F-2.5\nt."), "(1.500000,-2.500000)");
}

TEST(Pickle, Strings) {
  EXPECT_EQ(read_shown("(" + pickled("ü"sv) + "\x8C\x01" + "aU\x01\xFF" + "C\x01z" + "Vtext\nS'a\\n\\x41\\''\nt."),
            "('ü','a',b'\xFF',b'z','text',b'a\nA'')");
  EXPECT_EQ(
      read_shown("(\x8D\x02\0\0\0\0\0\0\0ab\x8E\x01\0\0\0\0\0\0\0c\x96\x01\0\0\0\0\0\0\0dT\x01\0\0\0eB\x01\0\0\0ft."s),
      "('ab',b'c',b'd',b'e',b'f')");
}

TEST(Pickle, Containers) {
  EXPECT_EQ(read_shown("](K\x01K\x02"
                       "eK\x03"
                       "a."),
            "[1,2,3]");
  const std::string recursive = "(lp0\nI1\nag0\na.";
  const Tree tree = read(std::as_bytes(std::span(recursive)), {});
  EXPECT_EQ(tree[tree.root()].items.at(1), tree.root());
}

TEST(Pickle, DictionariesAndSets) {
  EXPECT_EQ(read_shown("}(K\x01K\x02K\x03K\x04uK\x05K\x06s."), "{1,2,3,4,5,6}");
  EXPECT_EQ(read_shown("(K\x01K\x02"
                       "d."),
            "{1,2}");
  EXPECT_EQ(read_shown("(\x8F(K\x01\x90(K\x02\x91t."), "(set(1),set(2))");
  EXPECT_EQ(read_shown("K\x01\x85K\x01K\x02\x86K\x01K\x02K\x03\x87\x87."), "((1),(1,2),(1,2,3))");
}

TEST(Pickle, TheMemo) {
  EXPECT_EQ(read_shown("(K\x01q\x07K\x02r\xFF\xFF\xFF\xFFK\x03p9\nh\x07j\xFF\xFF\xFF\xFFg9\nt."), "(1,2,3,1,2,3)");
  EXPECT_EQ(read_shown("(K\x01\x94K\x02\x94h\x00h\x01t."s), "(1,2,1,2)");
  EXPECT_EQ(read_shown("K\x01(K\x02K\x03"
                       "1K\x04"
                       "02."),
            "1");
}

TEST(Pickle, CallsStayWords) {
  EXPECT_EQ(read_shown(global("a", "b") + "K\x01\x85R}b."), "a.b(1)/{}");
  EXPECT_EQ(read_shown(pickled("a"sv) + pickled("b"sv) + "\x93)R."), "a.b()/None");
  EXPECT_EQ(read_shown(global("x", "Y") + ")\x81}K\x01K\x02sb."), "<x.Y {1,2} >");
  EXPECT_EQ(read_shown(global("x", "Y") + ")}\x92K\x01K\x02s."), "<x.Y None 1,2>");
  EXPECT_EQ(read_shown(global("a", "b") + "K\x01\x85\x81."), "a.b(1)/None");
  EXPECT_EQ(read_shown("(K\x01tQ."), "@(1)");
  EXPECT_EQ(read_shown(global("collections", "OrderedDict") + "]]K\x01"
                                                              "aK\x02"
                                                              "aa\x85R."),
            "{1,2}");
  EXPECT_EQ(read_shown(global("collections", "OrderedDict") + ")RK\x01K\x02s}b."), "{1,2}");
  EXPECT_EQ(read_shown(global("builtins", "set") + "]K\x01"
                                                   "a\x85R."),
            "set(1)");
}

TEST(Pickle, EndsWhereItStops) {
  const std::string bytes = "K\x01.and more";
  EXPECT_EQ(read(std::as_bytes(std::span(bytes)), {}).length(), 3U);
}

TEST(Pickle, RefusesWhatWouldRun) {
  EXPECT_THAT(error_of(global("os", "system") + pickled("true"sv) + "\x85R."), HasSubstr("calls 'os.system'"));
  EXPECT_THAT(error_of("(S'true'\nios\nsystem\n."), HasSubstr("calls 'os.system'"));
  EXPECT_THAT(error_of("(" + global("os", "system") + pickled("true"sv) + "o."), HasSubstr("calls 'os.system'"));
  EXPECT_THAT(error_of("(K\x01o."), HasSubstr("an object of no class"));
  EXPECT_THAT(error_of(global("os", "system") + pickled("true"sv) + "\x85\x81."), HasSubstr("with arguments"));
  EXPECT_THAT(error_of(global("os", "system") + ")}K\x01K\x02s\x92."), HasSubstr("with arguments"));
  EXPECT_THAT(error_of("K\x01)R."), HasSubstr("not a global"));
  EXPECT_THAT(error_of(global("a", "b") + "K\x01R."), HasSubstr("not a tuple"));
  EXPECT_THAT(error_of(global("a", "b") + ")RK\x01"
                                          "b."),
              HasSubstr("state"));
}

// CVE-2026-24747: SETITEM and SETITEMS on something that is no dictionary.
TEST(Pickle, PutsItemsIntoDictionariesOnly) {
  for (const char* target : {"]", "K\x01", ")", "N", "ca\nb\n", "ca\nb\n)R"}) {
    SCOPED_TRACE(target);
    EXPECT_THAT(error_of(std::string(target) + "K\x01K\x02s."), HasSubstr("takes none"));
    EXPECT_THAT(error_of(std::string(target) + "(K\x01K\x02u."), HasSubstr("takes none"));
  }
  EXPECT_THAT(error_of("}K\x01"
                       "a."),
              HasSubstr("takes none"));
  EXPECT_THAT(error_of("}]K\x01s."), HasSubstr("cannot be"));
  EXPECT_THAT(error_of("}(K\x01u."), HasSubstr("no value"));
}

TEST(Pickle, RefusesDamage) {
  for (const char* bytes : {"",
                            "K",
                            "K\x01",
                            ".",
                            "0.",
                            "1.",
                            "a.",
                            "R.",
                            "\x81.",
                            "b.",
                            "(.",
                            "h\x01.",
                            "t.",
                            "\x87.",
                            "X\xFF\xFF\xFF\xFF.",
                            "I1",
                            "Ix\n.",
                            "F\n.",
                            "S'a\n.",
                            "S'\\q'\n.",
                            "V\\u0041\n.",
                            "\x80\x06.",
                            "\x95\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF.",
                            "\x8B\xFF\xFF\xFF\xFF.",
                            "p1\n.",
                            "K\x01px\n.",
                            "X\x01\x00\x00\x00\xFF.",
                            "P1\n.",
                            "K\x01Q.",
                            "\x82\x01.",
                            "\x97.",
                            "\xFF."}) {
    SCOPED_TRACE(bytes);
    EXPECT_THROW(read_shown(bytes), Error);
  }
}

TEST(Pickle, BoundsWhatItKeeps) {
  EXPECT_THAT(error_of(std::string(5000, '(')), HasSubstr("too deeply"));
  EXPECT_THAT(error_of(std::string(3 << 20, ']')), HasSubstr("2 million"));
  EXPECT_THAT(error_of(std::string(3 << 20, 'N')), HasSubstr("2 million"));
  EXPECT_THAT(error_of(global(std::string(2000, 'a'), "b") + "."), HasSubstr("too long"));
  // A list of 1000 elements copied again and again.
  std::string copies = "(" + std::string("](") + std::string(1000, 'N') + "e\x85q\x01";
  for (int i = 0; i < 3000; ++i) copies += global("builtins", "set") + "h\x01R";
  EXPECT_THAT(error_of(copies + "t."), HasSubstr("2 million"));
}

}  // namespace
}  // namespace facerec::pickle
