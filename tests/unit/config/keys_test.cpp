#include "facerec/config/keys.h"

#include <gmock/gmock.h>

namespace facerec {
namespace {

using testing::ElementsAre;

struct Inner {
  double rate = 0.1;
  std::vector<int64_t> steps{10, 16};
};

struct Outer {
  std::string name;
  std::vector<Inner> parts;
};

void describe(Fields& fields, Inner& c) {
  fields("rate", c.rate, "how fast", above(0));
  fields("steps", c.steps, "when");
}

void describe(Fields& fields, Outer& c) {
  fields("name", c.name, "who", one_of({"a", "b"}));
  fields.list("parts", c.parts, "of what");
}

TEST(ConfigKeys, NameEveryValueWithItsDefault) {
  std::vector<std::string> told;
  for (const ConfigKey& key : config_keys<Outer>()) {
    told.push_back(key.path + " | " + key.type + " | " + key.value + " | " + key.help);
  }
  EXPECT_THAT(told, ElementsAre("name | text |  | who", "parts | list |  | of what",
                                "parts.0.rate | number | 0.1 | how fast",
                                "parts.0.steps | list of whole numbers | [10,16] | when"));
}

TEST(ConfigKeys, KeepTheRules) {
  const std::vector<ConfigKey> keys = config_keys<Outer>();
  EXPECT_THAT(keys[0].rule.choices, ElementsAre("a", "b"));
  EXPECT_EQ(keys[2].rule.min, 0.0);
  EXPECT_TRUE(keys[2].rule.min_is_excluded);
}

}  // namespace
}  // namespace facerec
