#include "io/hdf5.h"

#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

constexpr uint64_t nowhere = UINT64_MAX, max_rank = 8;

enum MessageType : uint16_t {
  space_message = 1,
  type_message = 3,
  external_message = 7,
  layout_message = 8,
  attribute_message = 12,
  continuation_message = 16,
  table_message = 17
};

Error bad_hdf5(const std::string& what, uint64_t offset) {
  return Error("is a damaged HDF5 file: " + what).hint("it may not have arrived whole: get it again").offset(offset);
}

Error unread(const std::string& what, uint64_t offset) {
  return Error("is an HDF5 file that Keras has not written: it has " + what).offset(offset);
}

}  // namespace

// A part of the file that is read from its front to its back.
class Hdf5File::Cursor {
 public:
  Cursor(std::string_view text, uint64_t offset) : rest_(text), offset_(offset) {}
  uint64_t offset() const { return offset_; }
  uint64_t size() const { return rest_.size(); }

  std::string_view take(uint64_t count) {
    if (count > rest_.size()) throw bad_hdf5("something is longer than the room it has", offset_);
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    offset_ += count;
    return taken;
  }
  void skip(uint64_t count) { take(count); }

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  uint8_t byte() { return number<uint8_t>(); }
  uint16_t word() { return number<uint16_t>(); }
  uint32_t length() { return number<uint32_t>(); }
  uint64_t address() { return number<uint64_t>(); }

  void expect(std::string_view mark) {
    if (take(mark.size()) != mark) throw bad_hdf5("'" + std::string(mark) + "' is not where it should be", offset_);
  }

 private:
  std::string_view rest_;
  uint64_t offset_;
};

namespace {

template <class Cursor>
std::vector<int64_t> parse_shape(Cursor space) {
  const uint8_t version = space.byte(), rank = space.byte();
  space.skip(1);  // whether the largest extents follow
  const uint8_t kind = space.byte();
  if (version < 1 || version > 2) throw unread("shapes of an unknown version", space.offset());
  if (version == 1) space.skip(4);
  if (version == 2 && kind > 1) throw unread("data without a shape", space.offset());
  if (rank > max_rank) throw bad_hdf5("a shape has too many dimensions", space.offset());
  std::vector<int64_t> shape;
  for (int i = 0; i < rank; ++i) {
    const auto extent = space.template number<int64_t>();
    if (extent < 0) throw bad_hdf5("a shape is impossible", space.offset());
    shape.push_back(extent);
  }
  return shape;
}

template <class Cursor>
uint64_t count_of(Cursor space) {
  const uint64_t offset = space.offset();
  uint64_t count = 1;
  for (int64_t extent : parse_shape(space)) {
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(extent), &count))
      throw bad_hdf5("a shape is impossible", offset);
  }
  return count;
}

// The start of every datatype.
struct Type {
  int kind;  // 0 integer, 1 float, 3 text, 9 of variable length
  uint32_t flags, size;
};

template <class Cursor>
Type parse_type(Cursor& type) {
  const uint32_t head = type.length();
  return {static_cast<int>(head & 0xF), head >> 8, type.length()};
}

template <class Cursor>
std::string parse_dtype(Cursor cursor) {
  struct Known {
    const char* dtype;
    uint32_t size;
    std::string_view layout;  // sign; where exponent and mantissa lie, and their lengths; the exponent's bias
  };
  using namespace std::string_view_literals;
  constexpr Known floats[] = {{"F32", 4, "\x1F\x17\x08\x00\x17\x7F\x00\x00\x00"sv},
                              {"F64", 8, "\x3F\x34\x0B\x00\x34\xFF\x03\x00\x00"sv},
                              {"F16", 2, "\x0F\x0A\x05\x00\x0A\x0F\x00\x00\x00"sv},
                              {"BF16", 2, "\x0F\x07\x08\x00\x07\x7F\x00\x00\x00"sv}};
  const uint64_t offset = cursor.offset();
  const Type type = parse_type(cursor);
  const bool whole = cursor.word() == 0 && cursor.word() == 8 * type.size;  // no padding bits
  const bool little = (type.flags & 1) == 0;
  if (type.kind == 1 && whole && (type.flags & 0xFF) == 0x20) {
    const std::string layout = static_cast<char>(type.flags >> 8) + std::string(cursor.take(8));
    for (const Known& known : floats) {
      if (type.size == known.size && layout == known.layout) return known.dtype;
    }
  }
  if (type.kind == 0 && whole && (little || type.size == 1)) {
    std::string dtype = ((type.flags & 8) != 0 ? "I" : "U") + std::to_string(8 * uint64_t{type.size});
    if (dtype_size(dtype) != 0) return dtype;
  }
  throw unread("weights that are neither floats nor integers of a known size and byte order", offset);
}

std::string without_padding(std::string_view text) { return std::string(text.substr(0, text.find('\0'))); }

}  // namespace

struct Hdf5File::Links {
  std::string_view names;  // a heap of texts, each ending in 0
  uint64_t offset;         // of the heap
  std::map<std::string, Object> found;
};

Hdf5File::Hdf5File(std::span<const std::byte> bytes) : bytes_(bytes), left_(16 * bytes.size() + (1 << 20)) {
  Cursor head = at(0, std::min<uint64_t>(bytes.size(), 100));
  head.expect("\x89HDF\r\n\x1A\n");
  const uint8_t version = head.byte();
  if (version > 1) throw unread("a superblock of version " + std::to_string(version), 8);
  head.skip(4);
  const uint8_t offsets = head.byte(), lengths = head.byte();
  if (offsets != 8 || lengths != 8) throw unread("addresses of another size than 8 bytes", 13);
  head.skip(version == 0 ? 9 : 13);
  if (head.address() != 0) throw unread("something before its content", 24);
  head.skip(8);
  if (head.address() > bytes.size()) throw bad_hdf5("it ends too early", bytes.size());
  head.skip(16);
  root_ = head.address();
}

// Every look at the structure of the file goes through here.
Hdf5File::Cursor Hdf5File::at(uint64_t offset, uint64_t size) {
  if (offset > bytes_.size() || size > bytes_.size() - offset) throw bad_hdf5("something lies beyond its end", offset);
  if (size > left_) throw bad_hdf5("its structure is larger than its size justifies, or runs in circles", offset);
  left_ -= size;
  return {{reinterpret_cast<const char*>(bytes_.data()) + offset, size}, offset};
}

// The messages of an object header of version 1, which may lie in several blocks.
std::vector<Hdf5File::Message> Hdf5File::messages(Object object) {
  Cursor head = at(object, 16);
  if (head.byte() != 1) throw unread("object headers of another version", object);
  head.skip(7);
  std::vector<std::pair<uint64_t, uint64_t>> blocks{{object + 16, head.length()}};
  std::vector<Message> found;
  for (size_t i = 0; i < blocks.size(); ++i) {
    Cursor block = at(blocks[i].first, blocks[i].second);
    while (block.size() >= 8) {
      const uint16_t type = block.word(), size = block.word();
      const bool shared = (block.byte() & 2) != 0;
      block.skip(3);
      const Message message{type, block.offset(), size};
      Cursor content(block.take(size), message.offset);
      if (type == continuation_message) {
        const uint64_t offset = content.address();
        blocks.emplace_back(offset, content.address());
      } else if (shared && (type == type_message || type == space_message)) {
        throw unread("types that several data sets share", message.offset);
      } else {
        found.push_back(message);
      }
    }
  }
  return found;
}

std::optional<Hdf5File::Message> Hdf5File::table(Object object) {
  for (const Message& message : messages(object)) {
    if (message.type == table_message) return message;
  }
  return std::nullopt;
}

bool Hdf5File::is_group(Object object) { return table(object).has_value(); }

const std::map<std::string, Hdf5File::Object>& Hdf5File::group(Object object) {
  const auto read = groups_.find(object);
  if (read != groups_.end()) return read->second;
  const std::optional<Message> found = table(object);
  if (!found)
    throw unread("something other than a group, or one of a later kind, with links that may lead elsewhere", object);
  Cursor addresses = at(found->offset, found->size);
  const uint64_t tree = addresses.address(), heap = addresses.address();
  Cursor head = at(heap, 32);
  head.expect(std::string_view("HEAP\0\0\0\0", 8));
  const uint64_t size = head.address();
  head.skip(8);
  const uint64_t names = head.address();
  Links links{at(names, size).take(size), names, {}};
  read_tree(tree, -1, links);
  return groups_[object] = std::move(links.found);
}

// A node of a B-tree whose leaves are tables of symbols. `level` is what its parent wants it to be, −1 for the root.
void Hdf5File::read_tree(uint64_t node, int level, Links& links) {
  Cursor head = at(node, 24);
  head.expect(std::string_view("TREE\0", 5));
  const uint8_t own = head.byte();
  if (level >= 0 && own != level) throw bad_hdf5("a tree's levels are mixed up", node);
  const uint16_t used = head.word();
  Cursor children = at(node + 24, uint64_t{used} * 16);
  for (int i = 0; i < used; ++i) {
    children.skip(8);  // the key
    const uint64_t child = children.address();
    own == 0 ? read_leaf(child, links) : read_tree(child, own - 1, links);
  }
}

void Hdf5File::read_leaf(uint64_t node, Links& links) {
  Cursor head = at(node, 8);
  head.expect(std::string_view("SNOD\1\0", 6));
  const uint16_t count = head.word();
  Cursor symbols = at(node + 8, uint64_t{count} * 40);
  for (int i = 0; i < count; ++i) {
    const uint64_t name_at = symbols.address(), object = symbols.address();
    const bool symbolic = symbols.length() == 2;
    symbols.skip(20);
    if (name_at >= links.names.size()) throw bad_hdf5("a name lies outside of its heap", links.offset);
    const std::string name = without_padding(links.names.substr(name_at));
    if (name.size() > left_) throw bad_hdf5("its names are longer than its size justifies", links.offset);
    left_ -= name.size();
    if (symbolic || object == nowhere) throw unread("a link '" + printable(name) + "' that leads elsewhere", node);
    if (!links.found.emplace(name, object).second) throw bad_hdf5("'" + printable(name) + "' is there twice", node);
  }
}

std::optional<Hdf5File::Object> Hdf5File::find(Object from, std::string_view path) {
  while (true) {
    const size_t slash = path.find('/');
    const auto& links = group(from);
    const auto found = links.find(std::string(path.substr(0, slash)));
    if (found == links.end()) return std::nullopt;
    if (slash == std::string_view::npos) return found->second;
    from = found->second;
    path.remove_prefix(slash + 1);
  }
}

std::optional<std::vector<std::string>> Hdf5File::texts(Object object, std::string_view name) {
  for (const Message& message : messages(object)) {
    if (message.type != attribute_message) continue;
    Cursor attribute = at(message.offset, message.size);
    const uint8_t version = attribute.byte(), flags = attribute.byte();
    if (version < 1 || version > 3) throw unread("attributes of an unknown version", message.offset);
    const uint64_t sizes[] = {attribute.word(), attribute.word(), attribute.word()};
    if (version == 3) attribute.skip(1);  // ASCII or UTF-8
    std::string_view parts[3];            // name, type, shape
    for (int i = 0; i < 3; ++i) {
      parts[i] = attribute.take(sizes[i]);
      if (version == 1) attribute.skip((8 - sizes[i] % 8) % 8);
    }
    if (without_padding(parts[0]) != name) continue;
    if (version > 1 && flags != 0) throw unread("attributes of shared types", message.offset);
    return texts_of(attribute, parts[1], parts[2]);
  }
  return std::nullopt;
}

// `attribute` stands at its data.
std::vector<std::string> Hdf5File::texts_of(Cursor attribute, std::string_view type_text, std::string_view space) {
  const uint64_t count = count_of(Cursor(space, attribute.offset()));
  if (count == 0) return {};  // Keras writes empty lists as lists of numbers
  Cursor rest(type_text, attribute.offset());
  const Type type = parse_type(rest);
  const bool variable = type.kind == 9 && (type.flags & 0xF) == 1 && type.size == 16;
  if ((type.kind != 3 && !variable) || type.size == 0)
    throw unread("a list of names of another type", attribute.offset());
  if (count > attribute.size() / type.size)
    throw bad_hdf5("a list of names is longer than its room", attribute.offset());
  std::vector<std::string> values;
  for (uint64_t i = 0; i < count; ++i) {
    Cursor value(attribute.take(type.size), attribute.offset());
    if (!variable) {
      values.push_back(without_padding(value.take(type.size)));
      continue;
    }
    const uint32_t length = value.length();
    const uint64_t collection = value.address();
    values.push_back(heap_text(collection, value.length(), length));
  }
  return values;
}

// An object of a collection of the global heap, where texts of any length lie.
std::string Hdf5File::heap_text(uint64_t collection, uint32_t index, uint64_t length) {
  Cursor head = at(collection, 16);
  head.expect(std::string_view("GCOL\1\0\0\0", 8));
  const uint64_t end = head.address();  // from the collection's start
  for (uint64_t offset = 16; end > 16 && offset <= end - 16;) {
    Cursor object = at(collection + offset, 16);
    const uint16_t own = object.word();
    object.skip(6);
    const uint64_t size = object.address();
    if (size > end - 16 - offset || own == 0) break;
    if (own == index && length <= size) return without_padding(at(collection + offset + 16, length).take(length));
    offset += 16 + (size + 7) / 8 * 8;
  }
  throw bad_hdf5("a name is not in the heap", collection);
}

TensorView Hdf5File::data(Object object) {
  std::map<uint16_t, Message> parts;
  for (const Message& message : messages(object)) parts[message.type] = message;
  for (uint16_t type : {space_message, type_message, layout_message}) {
    if (!parts.contains(type)) throw bad_hdf5("a data set lacks its type, shape or layout", object);
  }
  if (parts.contains(external_message)) throw unread("data in other files", object);
  const auto part = [&](uint16_t type) { return at(parts[type].offset, parts[type].size); };

  TensorView view{.dtype = parse_dtype(part(type_message)), .shape = parse_shape(part(space_message)), .bytes = {}};
  uint64_t wanted = dtype_size(view.dtype);
  if (__builtin_mul_overflow(wanted, count_of(part(space_message)), &wanted))
    throw bad_hdf5("a shape is impossible", object);
  Cursor layout = part(layout_message);
  const uint8_t version = layout.byte(), kind = layout.byte();
  if (version != 3 || kind != 1) throw unread("data in chunks or packed", layout.offset());
  const uint64_t offset = layout.address(), size = layout.address();
  if (size != wanted) throw bad_hdf5("a data set has another size than its shape", object);
  if (size == 0) return view;
  if (offset > bytes_.size() || size > bytes_.size() - offset) throw bad_hdf5("a data set lies beyond its end", object);
  view.bytes = bytes_.subspan(offset, size);
  return view;
}

}  // namespace facerec
