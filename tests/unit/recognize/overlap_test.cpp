#include "facerec/recognize/overlap.h"

#include <gmock/gmock.h>

namespace facerec {
namespace {

// Of one image each.
class People : public Dataset {
 public:
  People(std::vector<std::string> names, bool named) : names_(std::move(names)), named_(named) {}
  int64_t size() const override { return classes(); }
  int64_t classes() const override { return static_cast<int64_t>(names_.size()); }
  int64_t label(int64_t index) const override { return index; }
  std::string name(int64_t index) const override { return class_name(index); }
  std::string class_name(int64_t label) const override { return names_.at(static_cast<size_t>(label)); }
  bool has_name(int64_t) const override { return named_; }
  Sample read(int64_t) const override { return {}; }

 private:
  std::vector<std::string> names_;
  bool named_;
};

TEST(SharedIdentities, AreTheNamesOfBoth) {
  const People training({"jo do", "19062421", "Ann"}, true);
  EXPECT_THAT(shared_identities(training, People({"19062421", "Jo_Do", "0"}, true)),
              testing::ElementsAre("jo do", "19062421"));
}

TEST(SharedIdentities, MereLabelsAreNoNames) {
  const People named({"0", "1"}, true), labels({"0", "1"}, false);
  EXPECT_THAT(shared_identities(named, labels), testing::IsEmpty());
  EXPECT_THAT(shared_identities(labels, named), testing::IsEmpty());
}

}  // namespace
}  // namespace facerec
