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
using pickle::Value;

// NumPy 2 moved its modules.
constexpr std::array<pickle::Callable, 8> callables{{{"_codecs.encode"},
                                                     {"numpy.dtype"},
                                                     {"numpy.core.multiarray._reconstruct"},
                                                     {"numpy._core.multiarray._reconstruct"},
                                                     {"numpy.core.numeric._frombuffer"},
                                                     {"numpy._core.numeric._frombuffer"},
                                                     {"numpy.core.multiarray.scalar"},
                                                     {"numpy._core.multiarray.scalar"}}};

enum class Element { byte, boolean };

constexpr size_t max_dimensions = 64;  // NumPy's own limit

struct Array {
  PackedImage data;
  std::vector<int64_t> shape;
};

class PackReader {
 public:
  explicit PackReader(std::span<const std::byte> bytes)
      : bytes_(bytes), pack_{pickle::read(bytes, callables), {}, {}}, countable_(16 * bytes.size()) {}

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

  // The arguments of a call of `name`, where `value` is one: of the last part of a name, whatever its module.
  const std::vector<Id>* call(const Value& value, std::string_view name) const {
    return value.kind == Kind::call && at(value.of).text.ends_with(name) ? &at(value.arguments).items : nullptr;
  }

  // False when `value` is not bytes.
  bool read_bytes(const Value& value, PackedImage& bytes) const {
    if (value.kind == Kind::bytes) {
      bytes = {value.text, false};
      return true;
    }
    const std::vector<Id>* arguments = call(value, "_codecs.encode");
    if (arguments == nullptr || arguments->size() != 2) return false;
    const Value &text = at((*arguments)[0]), &encoding = at((*arguments)[1]);
    if (text.kind != Kind::text || (encoding.text != "latin1" && encoding.text != "latin-1")) return false;
    bytes = {text.text, true};
    return true;
  }

  // In bytes. A pickle may name one long text very often, so there is a limit to what is counted.
  uint64_t length_of(const PackedImage& image) {
    if (!image.latin1) return image.text.size();
    if (image.text.size() > countable_) throw Error("is not a verification pack: its texts are named too often");
    countable_ -= image.text.size();
    return static_cast<uint64_t>(
        std::count_if(image.text.begin(), image.text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
  }

  void check_dtype(const Value& dtype, Element element, const std::string& owner) const {
    const std::vector<Id>* arguments = call(dtype, "numpy.dtype");
    const std::string_view name = arguments == nullptr || arguments->empty() ? "" : at(arguments->front()).text;
    const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (element == Element::byte ? is_one_of({"u1", "|u1", "uint8"}) : is_one_of({"b1", "|b1", "?", "bool"})) return;
    throw bad(fmt::format("has {} as a NumPy array of type '{}', not of {}", owner, printable(name),
                          element == Element::byte ? "the bytes (uint8) of an image file" : "booleans"),
              dtype);
  }

  void read_shape(const Value& shape, Array& array, const std::string& owner) {
    uint64_t count = 1;
    bool possible = shape.kind == Kind::tuple && shape.items.size() <= max_dimensions;
    for (size_t i = 0; possible && i < shape.items.size(); ++i) {
      const Value& extent = at(shape.items[i]);
      possible = extent.kind == Kind::integer && extent.number >= 0 &&
                 !__builtin_mul_overflow(count, static_cast<uint64_t>(extent.number), &count);
      array.shape.push_back(extent.number);
    }
    const uint64_t length = length_of(array.data);
    if (possible && count == length) return;
    throw bad(fmt::format("has {} as a NumPy array whose shape does not fit its {} bytes", owner, length), shape);
  }

  // False when `value` is not a NumPy array. Two ways lead to one: _reconstruct, whose state is (version, shape, dtype,
  // Fortran order, data), and, from protocol 5 on, _frombuffer(data, dtype, shape, order).
  bool read_array(const Value& value, Element element, const std::string& owner, Array& array) {
    const std::vector<Id>* parts = nullptr;
    size_t data = 0, dtype = 1, shape = 2, count = 4;
    if (call(value, ".multiarray._reconstruct") != nullptr) {
      parts = &at(value.state).items;
      data = 4, dtype = 2, shape = 1, count = 5;
    } else if (parts = call(value, ".numeric._frombuffer"); parts == nullptr) {
      return false;
    }
    if (parts->size() != count) throw bad(fmt::format("has {} as an incomplete NumPy array", owner), value);
    check_dtype(at((*parts)[dtype]), element, owner);
    if (!read_bytes(at((*parts)[data]), array.data)) {
      throw bad(fmt::format("has {} as a NumPy array without bytes", owner), at((*parts)[data]));
    }
    read_shape(at((*parts)[shape]), array, owner);
    return true;
  }

  void read_images(const Value& images) {
    if (!is_sequence(images)) throw bad("has something other than a list of images", images);
    for (const Id id : images.items) {
      const Value& value = at(id);
      PackedImage image;
      if (!read_bytes(value, image)) image = read_image_array(value, fmt::format("image {}", pack_.images.size()));
      pack_.images.push_back(image);
    }
  }

  // Older OpenCV gives what it encodes as [N, 1].
  PackedImage read_image_array(const Value& value, const std::string& owner) {
    Array array;
    if (!read_array(value, Element::byte, owner, array)) {
      throw bad(fmt::format("has {} as something other than the bytes of an image file", owner), value);
    }
    const auto wide = std::count_if(array.shape.begin(), array.shape.end(), [](int64_t extent) { return extent != 1; });
    if (array.shape.empty() || wide > 1) {
      throw bad(fmt::format("has {} as an array of {} dimensions, not as the bytes of an image file", owner,
                            array.shape.size()),
                value)
          .hint("raw pixels are not read: write the images as JPEG or PNG");
    }
    return array.data;
  }

  void read_flags(const Value& flags) {
    Array array;
    if (read_array(flags, Element::boolean, "the flags of pairs", array)) {
      if (array.shape.size() != 1) throw bad("has flags of more than one dimension", flags);
      for (const std::byte flag : bytes_of(array.data)) add_flag(static_cast<int64_t>(flag), flags);
      return;
    }
    if (!is_sequence(flags)) throw bad("has something other than a list of the flags of pairs", flags);
    for (const Id id : flags.items) read_flag(at(id));
  }

  void read_flag(const Value& flag) {
    if (flag.kind == Kind::boolean || flag.kind == Kind::integer) return add_flag(flag.number, flag);
    const std::vector<Id>* scalar = call(flag, ".multiarray.scalar");
    PackedImage byte;
    if (scalar == nullptr || scalar->size() != 2 || !read_bytes(at((*scalar)[1]), byte) || length_of(byte) != 1) {
      throw bad(fmt::format("has the flag of pair {} as something other than a boolean", pack_.same.size()), flag);
    }
    check_dtype(at((*scalar)[0]), Element::boolean, fmt::format("the flag of pair {}", pack_.same.size()));
    add_flag(static_cast<int64_t>(bytes_of(byte).front()), flag);
  }

  void add_flag(int64_t value, const Value& flag) {
    if (value != 0 && value != 1) {
      throw bad(fmt::format("has {} as the flag of pair {}", value, pack_.same.size()), flag);
    }
    pack_.same.push_back(value == 1);
  }

  std::span<const std::byte> bytes_;
  VerificationPack pack_;
  uint64_t countable_;  // bytes of texts whose characters may still be counted
};

void write_opcode(AtomicFile& file, char opcode, uint32_t count) {
  std::array<char, 5> bytes{opcode};
  std::memcpy(&bytes[1], &count, sizeof count);
  file.write(std::string_view(bytes.data(), bytes.size()));
}

}  // namespace

VerificationPack parse_verification_pack(std::span<const std::byte> bytes) { return PackReader(bytes).read(); }

std::vector<std::byte> bytes_of(const PackedImage& image) {
  const auto raw = std::as_bytes(std::span(image.text));
  if (!image.latin1) return {raw.begin(), raw.end()};
  std::vector<std::byte> bytes;
  bytes.reserve(raw.size());
  // The text is valid UTF-8, where U+0080 … U+00FF are C2 or C3 and one byte more.
  for (size_t i = 0; i < raw.size(); ++i) {
    const auto first = static_cast<uint8_t>(raw[i]);
    if (first > 0xC3) throw Error("is not a verification pack: an image is a text with characters beyond Latin-1");
    const bool two = first >= 0x80;
    bytes.push_back(two ? std::byte(static_cast<uint8_t>(first << 6) | (static_cast<uint8_t>(raw[i + 1]) & 0x3F))
                        : raw[i]);
    i += two ? 1 : 0;
  }
  return bytes;
}

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
