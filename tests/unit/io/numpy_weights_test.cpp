// Dictionaries of weights in .npy files: what they hold, and what is no such thing. Real ones: tests/unit/face.
#include <gmock/gmock.h>

#include "facerec/core/error.h"
#include "facerec/io/tensor_file.h"
#include "support/numpy_pickles.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::array;
using test::binary;
using test::pickled;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

// As numpy.save writes an object: a header, and the pickle of an array of that one.
std::string npy(const std::string& object) {
  std::string header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
  header.resize(117, ' ');
  header += '\n';
  return "\x93NUMPY\1\0"s + static_cast<char>(header.size()) + "\0"s + header + "\x80\3" +
         array("O8", "", "](" + object + "e") + ".";
}
std::string dictionary(const std::string& name, const std::string& value) {
  return "}(" + pickled(std::string_view(name)) + value + "u";
}
const std::string six_floats = binary(std::string(24, '\1'));

TensorFile open(const std::string& bytes) {
  const test::TemporaryFolder folder;
  write_file(folder / "weights.npy", bytes);
  return open_tensor_file(folder / "weights.npy");
}

std::string numpy_error(const std::string& bytes) {
  try {
    open(bytes);
  } catch (const Error& error) {
    EXPECT_THAT(error.file(), testing::EndsWith("weights.npy"));
    return error.message();
  }
  return "no error";
}

TEST(NumpyWeights, AreADictionaryOfArrays) {
  const TensorFile file = open(npy(dictionary("conv.weight", array("f4", "K\2K\3", six_floats))));
  EXPECT_EQ(file.format, "numpy");
  ASSERT_EQ(file.groups.size(), 1);
  ASSERT_EQ(file.groups.front().tensors.size(), 1);
  const auto& [name, view] = file.groups.front().tensors.front();
  EXPECT_EQ(name, "conv.weight");
  EXPECT_EQ(view.dtype, "F32");
  EXPECT_THAT(view.shape, ElementsAre(2, 3));
  EXPECT_THAT(view.bytes, testing::Each(std::byte{1}));
  EXPECT_EQ(view.bytes.size(), 24);
}

TEST(NumpyWeights, AreNothingElse) {
  EXPECT_THAT(numpy_error(npy("K\1"s)), HasSubstr("not a dictionary of weights"));
  EXPECT_THAT(numpy_error(npy("}"s)), HasSubstr("not a dictionary of weights"));
  EXPECT_THAT(numpy_error(npy(dictionary("w", "K\1"s))), HasSubstr("'w' as something other than an array"));
  EXPECT_THAT(numpy_error(npy(dictionary("w", array("i8", "K\3", six_floats)))), HasSubstr("'w' as an array of 'i8'"));
  EXPECT_THAT(numpy_error(npy(dictionary("w", array(">f4", "K\6", six_floats)))),
              HasSubstr("'w' as an array of '>f4'"));
  EXPECT_THAT(numpy_error(npy(dictionary("w", array("f4", "K\7", six_floats)))),
              HasSubstr("does not fit its 24 bytes"));
  EXPECT_THAT(numpy_error(npy(dictionary("w", array("f4", "J\xFF\xFF\xFF\xFF"s, six_floats)))),
              HasSubstr("does not fit"));
}

TEST(NumpyWeights, CallNothing) {
  const std::string call = test::global("os", "system") + test::tuple(pickled(std::string_view("true"))) + "R";
  EXPECT_THAT(numpy_error(npy(dictionary("w", call))), HasSubstr("os.system"));
}

TEST(NumpyWeights, CutOffAnywhereAreRefused) {
  const std::string good = npy(dictionary("w", array("f4", "K\2K\3", six_floats)));
  ASSERT_EQ(numpy_error(good), "no error");
  for (size_t length = 1; length < good.size(); ++length)
    EXPECT_NE(numpy_error(good.substr(0, length)), "no error") << length;
}

}  // namespace
}  // namespace facerec
