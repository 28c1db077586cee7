#include "facerec/data/augment_sheet.h"

#include <gtest/gtest.h>

#include "facerec/core/error.h"
#include "support/images.h"

namespace facerec {
namespace {

// Flat images of a colour that nothing else on a sheet has; the second one cannot be read.
class Flat : public Dataset {
 public:
  int64_t size() const override { return 3; }
  int64_t classes() const override { return 3; }
  int64_t label(int64_t index) const override { return index; }
  std::string name(int64_t index) const override { return std::to_string(index); }
  Sample read(int64_t index) const override {
    if (index == 1) throw Error("broken").file(name(index));
    return {{}, test::flat_image(50, 10, 200, static_cast<uint8_t>(60 + index))};
  }
};

TEST(AugmentSheet, HasTheOriginalAndElevenVariantsOfEveryImageThatCanBeRead) {
  const Augment augment(no_augmentation(), {}, 32, 32);
  const Image sheet = augment_sheet(Flat(), *sequential_sampler(3), augment, 1, {"title"});
  for (const int64_t index : {0, 1, 2}) {
    int64_t pixels = 0;
    for (size_t i = 0; i < sheet.rgb.size(); i += 3) {
      if (sheet.rgb[i] == 10 && sheet.rgb[i + 1] == 200 && sheet.rgb[i + 2] == 60 + index) ++pixels;
    }
    EXPECT_EQ(pixels, index == 1 ? 0 : 12 * 32 * 32);
  }
}

}  // namespace
}  // namespace facerec
