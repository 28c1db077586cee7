#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/keras.h"
#include "io/checksums.h"
#include "io/crc32c.h"
#include "io/leveldb_table.h"
#include "io/tensor_memory.h"
#include "tensor_bundle.pb.h"

namespace facerec {
namespace {

constexpr int max_rank = 8;
constexpr const char* index_suffix = ".index";

// DataType of TensorFlow's types.proto; "" for what is not a tensor of numbers (7: texts, 20: resources, 21: variants)
// or has no counterpart here.
std::string_view dtype_of(int type) {
  constexpr std::string_view names[] = {"", "F32", "F64",  "I32", "U8", "I16", "I8", "",    "", "I64", "BOOL", "",
                                        "", "",    "BF16", "",    "",   "U16", "",   "F16", "", "",    "U32",  "U64"};
  return type > 0 && static_cast<size_t>(type) < std::size(names) ? names[type] : "";
}

bool is_there(const fs::path& path) {
  std::error_code unknown;
  return fs::exists(path, unknown);
}

bool is_file(const fs::path& path) {
  std::error_code unknown;
  return fs::is_regular_file(path, unknown);
}

fs::path with_suffix(fs::path path, const std::string& suffix) { return path += suffix; }

// x.ckpt of x.ckpt.data-00000-of-00001
std::optional<fs::path> prefix_of_shard(const fs::path& path) {
  std::string digits = path.extension().string();
  for (char& c : digits) c = c >= '0' && c <= '9' ? '0' : c;
  if (digits != ".data-00000-of-00000") return std::nullopt;
  return fs::path(path).replace_extension();
}

constexpr std::string_view list_mark = "model_checkpoint_path: \"";

bool is_list(const fs::path& path) {
  return path.filename() == "checkpoint" && is_file(path) && read_text(path).starts_with(list_mark);
}

// What the text file `checkpoint` names: a path of the machine that trained, or one relative to the file.
fs::path newest_index(const fs::path& list) {
  const std::string text = read_text(list).substr(list_mark.size());
  const fs::path named = with_suffix(text.substr(0, text.find_first_of("\"\n")), index_suffix);
  const fs::path whole = list.parent_path() / named;  // `named` itself when that is absolute
  return is_there(whole) ? whole : list.parent_path() / named.filename();
}

bool is_table(const fs::path& path) {
  if (!is_file(path)) return false;
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  return text.ends_with(table_mark);
}

// The index of the checkpoint that `path` names.
std::optional<fs::path> index_of(const fs::path& path) {
  if (const auto prefix = prefix_of_shard(path)) return with_suffix(*prefix, index_suffix);
  if (is_list(path)) return newest_index(path);
  if (is_list(path / "checkpoint")) return newest_index(path / "checkpoint");
  if (is_table(path)) return path;
  const fs::path index = with_suffix(path, index_suffix);
  return !is_there(path) && is_file(index) ? std::optional(index) : std::nullopt;
}

// The shards, mapped when the first tensor in them is met.
class Shards {
 public:
  Shards(const fs::path& index, int count, TensorMemory& memory)
      : prefix_(fs::path(index).replace_extension()), count_(count), memory_(memory) {}

  fs::path path(int shard) const { return with_suffix(prefix_, fmt::format(".data-{:05}-of-{:05}", shard, count_)); }

  std::span<const std::byte> bytes(int shard) {
    const auto found = mapped_.find(shard);
    if (found != mapped_.end()) return found->second;
    if (!is_there(path(shard))) {
      throw Error("is missing; a checkpoint is its .index and all its .data files").file(text_of(path(shard)));
    }
    return mapped_[shard] = memory_.map(path(shard));
  }

 private:
  fs::path prefix_;
  int count_;
  TensorMemory& memory_;
  std::map<int, std::span<const std::byte>> mapped_;
};

Error bad_checkpoint(const std::string& name, const std::string& what) {
  return Error("is a damaged checkpoint index: '" + printable(name) + "' " + what);
}

template <class Message>
Message parse(const TableEntry& entry) {
  Message message;
  if (!message.ParseFromArray(entry.value.data(), static_cast<int>(entry.value.size()))) {
    throw bad_checkpoint(entry.key, "is not described as it should be");
  }
  return message;
}

TensorView view_of(const std::string& name, const bundle::Entry& entry, Shards& shards) {
  TensorView view{.dtype = std::string(dtype_of(entry.dtype())), .shape = {}, .bytes = {}};
  uint64_t size = dtype_size(view.dtype);
  if (entry.shape().unknown_rank() || entry.shape().dim_size() > max_rank)
    throw bad_checkpoint(name, "has an impossible shape");
  for (const auto& extent : entry.shape().dim()) {
    view.shape.push_back(extent.size());
    if (extent.size() < 0 || __builtin_mul_overflow(size, static_cast<uint64_t>(extent.size()), &size)) {
      throw bad_checkpoint(name, "has an impossible shape");
    }
  }
  if (entry.size() < 0 || static_cast<uint64_t>(entry.size()) != size)
    throw bad_checkpoint(name, "has a size unlike its shape");
  const std::span<const std::byte> shard = shards.bytes(entry.shard_id());
  const auto offset = static_cast<uint64_t>(entry.offset());
  if (entry.offset() < 0 || offset > shard.size() || size > shard.size() - offset) {
    throw Error("ends before '" + printable(name) + "', which the index says is in it")
        .file(text_of(shards.path(entry.shard_id())))
        .hint("it may not have arrived whole: get it again");
  }
  view.bytes = shard.subspan(offset, size);
  if (checksums_count && mask_crc32c(crc32c(view.bytes)) != entry.crc32c()) {
    throw Error("is damaged: the checksum of '" + printable(name) + "' is wrong")
        .file(text_of(shards.path(entry.shard_id())))
        .hint("it may belong to another .index, or not have arrived whole: get both again")
        .offset(offset);
  }
  return view;
}

std::vector<NamedTensor> read_tensors(const fs::path& index, TensorMemory& memory) {
  const std::vector<TableEntry> entries = read_table(memory.bytes());
  if (entries.empty() || !entries.front().key.empty()) throw Error("is a LevelDB table, but not a checkpoint's index");
  const auto header = parse<bundle::Header>(entries.front());
  if (header.endianness() != 0) throw Error("was written on a big-endian machine, which is not read here");
  if (header.num_shards() < 1 || header.num_shards() > 99999) throw bad_checkpoint("", "counts impossibly many shards");
  Shards shards(index, header.num_shards(), memory);
  std::vector<NamedTensor> tensors;
  for (auto entry = entries.begin() + 1; entry != entries.end(); ++entry) {
    const auto described = parse<bundle::Entry>(*entry);
    if (described.slices_size() > 0) {
      throw Error("holds '" + printable(entry->key) + "' in slices, which is not read here")
          .hint("in Python, save the model again without partitioned variables");
    }
    if (dtype_of(described.dtype()).empty()) continue;
    if (described.shard_id() < 0 || described.shard_id() >= header.num_shards())
      throw bad_checkpoint(entry->key, "has no shard");
    tensors.push_back({entry->key, view_of(entry->key, described, shards)});
  }
  return tensors;
}

}  // namespace

bool is_tensorflow_checkpoint(const fs::path& path) { return index_of(path).has_value(); }

TensorFile open_tensorflow_checkpoint(const fs::path& path) {
  const std::optional<fs::path> index = index_of(path);
  if (!index) throw Error("is not a TensorFlow checkpoint").file(text_of(path));
  if (!is_there(*index)) {
    throw Error("is missing; a checkpoint is its .index and all its .data files").file(text_of(*index));
  }
  const auto memory = std::make_shared<TensorMemory>(*index);
  TensorFile file{.path = *index, .format = "tensorflow", .groups = {}, .metadata = {}, .memory = memory};
  try {
    file.groups.push_back({"", read_tensors(*index, *memory)});
    if (file.groups.front().tensors.empty()) throw Error("is a TensorFlow checkpoint without tensors");
  } catch (Error& error) {
    if (!error.file().empty()) throw;
    throw std::move(error).file(text_of(*index));
  }
  return file;
}

}  // namespace facerec
