#include "io/verification_pack.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

using pickle::Id;
using pickle::Kind;
using pickle::NumpyArray;
using pickle::Value;

enum class Element { byte, boolean };

class PackReader {
 public:
  explicit PackReader(std::span<const std::byte> bytes)
      : bytes_(bytes),
        pack_{pickle::read(bytes, pickle::numpy_callables), {}, {}},
        values_(pack_.tree, 16 * bytes.size()) {}

  VerificationPack read() {
    const Value& root = at(pack_.tree.root());
    if (!is_sequence(root) || root.items.size() != 2) {
      throw bad("does not hold two values, the images and the flags of pairs", root);
    }
    read_images(at(root.items[0]));
    read_flags(at(root.items[1]));
    if (pack_.images.empty()) throw bad("holds no images", root);
    if (pack_.images.size() != 2 * pack_.same.size()) {
      throw bad(fmt::format("holds {} images and {} flags: there must be two images a flag", pack_.images.size(),
                            pack_.same.size()),
                root);
    }
    return std::move(pack_);
  }

 private:
  const Value& at(Id id) const { return pack_.tree[id]; }
  static bool is_sequence(const Value& value) { return value.kind == Kind::list || value.kind == Kind::tuple; }

  // With the place of the value, where its text is a part of the file.
  Error bad(const std::string& what, const Value& value) const {
    Error error("is not a verification pack: it " + what);
    const auto* place = reinterpret_cast<const std::byte*>(value.text.data());
    const std::less<> before;
    if (place == nullptr || before(place, bytes_.data()) || !before(place, bytes_.data() + bytes_.size())) return error;
    return std::move(error).offset(static_cast<uint64_t>(place - bytes_.data()));
  }

  void check_dtype(std::string_view dtype, Element element, const std::string& owner, const Value& value) const {
    const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
      return std::find(names.begin(), names.end(), dtype) != names.end();
    };
    if (element == Element::byte ? is_one_of({"u1", "|u1", "uint8"}) : is_one_of({"b1", "|b1", "?", "bool"})) return;
    throw bad(fmt::format("has {} as a NumPy array of type '{}', not of {}", owner, printable(dtype),
                          element == Element::byte ? "the bytes (uint8) of an image file" : "booleans"),
              value);
  }

  // nullopt when `value` is not a NumPy array.
  std::optional<NumpyArray> read_array(const Value& value, Element element, const std::string& owner) {
    std::optional<NumpyArray> array;
    try {
      array = values_.array(value);
    } catch (const Error& error) {
      throw bad(fmt::format("has {} as {}", owner, error.message()), value);
    }
    if (!array) return array;
    check_dtype(array->dtype, element, owner, value);
    if (pickle::elements_of(array->shape) == array->length) return array;
    throw bad(fmt::format("has {} as a NumPy array whose shape does not fit its {} bytes", owner, array->length),
              value);
  }

  void read_images(const Value& images) {
    if (!is_sequence(images)) throw bad("has something other than a list of images", images);
    for (const Id id : images.items) {
      const Value& value = at(id);
      const std::optional<PackedImage> bytes = values_.bytes(value);
      pack_.images.push_back(bytes ? *bytes : read_image_array(value, fmt::format("image {}", pack_.images.size())));
    }
  }

  // Older OpenCV gives what it encodes as [N, 1].
  PackedImage read_image_array(const Value& value, const std::string& owner) {
    const std::optional<NumpyArray> array = read_array(value, Element::byte, owner);
    if (!array) {
      throw bad(fmt::format("has {} as something other than the bytes of an image file", owner), value);
    }
    const auto wide =
        std::count_if(array->shape.begin(), array->shape.end(), [](int64_t extent) { return extent != 1; });
    if (array->shape.empty() || wide > 1) {
      throw bad(fmt::format("has {} as an array of {} dimensions, not as the bytes of an image file", owner,
                            array->shape.size()),
                value)
          .hint("raw pixels are not read: write the images as JPEG or PNG");
    }
    return array->data;
  }

  void read_flags(const Value& flags) {
    if (const auto array = read_array(flags, Element::boolean, "the flags of pairs")) {
      if (array->shape.size() != 1) throw bad("has flags of more than one dimension", flags);
      for (const std::byte flag : bytes_of(array->data)) add_flag(static_cast<int64_t>(flag), flags);
      return;
    }
    if (!is_sequence(flags)) throw bad("has something other than a list of the flags of pairs", flags);
    for (const Id id : flags.items) read_flag(at(id));
  }

  void read_flag(const Value& flag) {
    if (flag.kind == Kind::boolean || flag.kind == Kind::integer) return add_flag(flag.number, flag);
    const std::vector<Id>* scalar = values_.call(flag, ".multiarray.scalar");
    const bool is_scalar = scalar != nullptr && scalar->size() == 2;
    const std::optional<PackedImage> byte = is_scalar ? values_.bytes(at((*scalar)[1])) : std::nullopt;
    if (!byte || values_.length_of(*byte) != 1) {
      throw bad(fmt::format("has the flag of pair {} as something other than a boolean", pack_.same.size()), flag);
    }
    check_dtype(values_.dtype(at((*scalar)[0])), Element::boolean,
                fmt::format("the flag of pair {}", pack_.same.size()), flag);
    add_flag(static_cast<int64_t>(bytes_of(*byte).front()), flag);
  }

  void add_flag(int64_t value, const Value& flag) {
    if (value != 0 && value != 1) {
      throw bad(fmt::format("has {} as the flag of pair {}", value, pack_.same.size()), flag);
    }
    pack_.same.push_back(value == 1);
  }

  std::span<const std::byte> bytes_;
  VerificationPack pack_;
  pickle::NumpyValues values_;
};

void write_opcode(AtomicFile& file, char opcode, uint32_t count) {
  std::array<char, 5> bytes{opcode};
  std::memcpy(&bytes[1], &count, sizeof count);
  file.write(std::string_view(bytes.data(), bytes.size()));
}

}  // namespace

VerificationPack parse_verification_pack(std::span<const std::byte> bytes) { return PackReader(bytes).read(); }

// PROTO 4, EMPTY_LIST, MARK, BINBYTES …
VerificationPackWriter::VerificationPackWriter(const fs::path& path) : file_(path) { file_.write("\x80\x04]("); }

void VerificationPackWriter::add(std::span<const std::byte> image) {
  if (image.size() > UINT32_MAX) throw Error("an image is larger than 4 GiB");
  write_opcode(file_, 'B', static_cast<uint32_t>(image.size()));
  file_.write(image);
}

// … APPENDS, EMPTY_LIST, MARK, NEWTRUE or NEWFALSE …, APPENDS, TUPLE2, STOP
void VerificationPackWriter::finish(const std::vector<bool>& same) {
  std::string end = "e](";
  for (const bool flag : same) end += flag ? '\x88' : '\x89';
  file_.write(end + "e\x86.");
  file_.commit();
}

}  // namespace facerec
