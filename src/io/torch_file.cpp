#include "io/torch_file.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/pickle.h"
#include "io/torch_groups.h"
#include "io/zip.h"

namespace facerec {
namespace {

using pickle::Kind;
using pickle::Tree;

constexpr int newest_version = 10;  // of the archives, since PyTorch 1.12
constexpr std::string_view legacy_magic = "\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19";  // 0x1950a86a20f9469cfc6c
constexpr int64_t legacy_protocol = 1001;

Error bad_torch_file(const std::string& what) { return Error("is a damaged PyTorch file: " + what); }

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Tree read_objects(std::span<const std::byte> bytes, uint64_t base) {
  try {
    return pickle::read(bytes, torch_callables(), base);
  } catch (Error& error) {
    if (!error.hint().empty()) throw;
    throw std::move(error).hint(std::string("if you trust its source, ") + torch_save_hint);
  }
}

// ---- The archive

struct Archive {
  ZipArchive zip;
  std::string root;  // the folder of all records, with its '/'

  std::span<const std::byte> read(const std::string& record) const {
    const ZipEntry* entry = zip.find(root + record);
    if (entry == nullptr) throw bad_torch_file("it has no record '" + printable(record) + "'");
    return zip.read(*entry);
  }
  std::string_view text(const std::string& record) const {
    std::string_view text = as_text(read(record));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    return text;
  }
  bool has(const std::string& record) const { return zip.find(root + record) != nullptr; }
};

std::string find_root(const ZipArchive& zip) {
  constexpr std::string_view name = "/data.pkl";
  std::string root;
  bool arrays = !zip.entries().empty();
  for (const ZipEntry& entry : zip.entries()) {
    arrays &= entry.name.ends_with(".npy");
    if (!entry.name.ends_with(name) || entry.name.find('/') != entry.name.size() - name.size()) continue;
    if (!root.empty()) throw bad_torch_file("it has two records data.pkl");
    root = entry.name.substr(0, entry.name.size() - name.size() + 1);
  }
  if (arrays) throw Error("is an .npz file of NumPy").hint("models are read from .safetensors, .pth and .onnx files");
  if (root.empty()) {
    throw Error("is a zip archive, but not one of PyTorch: it has no data.pkl")
        .hint("if a model lies inside, unpack it; of a torch.export program, save the state_dict");
  }
  return root;
}

void check_version(const Archive& archive) {
  if (!archive.has("version")) return;
  const std::string_view text = archive.text("version");
  int version = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), version);
  if (error != std::errc() || end != text.end() || version < 1) throw bad_torch_file("its version is not a number");
  if (version > newest_version) {
    throw Error("has version " + std::to_string(version) + " of PyTorch's format, which is not known here")
        .hint("save it as .safetensors");
  }
}

bool is_big_endian(const Archive& archive) {
  if (!archive.has("byteorder")) return false;
  const std::string_view order = archive.text("byteorder");
  if (order != "little" && order != "big") throw bad_torch_file("its byte order is '" + printable(order) + "'");
  return order == "big";
}

void swap_bytes(std::span<std::byte> bytes, size_t element) {
  for (size_t at = 0; at + element <= bytes.size(); at += element) std::reverse(&bytes[at], &bytes[at] + element);
}

class ArchiveStorages {
 public:
  ArchiveStorages(const Archive& archive, TensorMemory& memory)
      : archive_(archive), memory_(memory), swap_(is_big_endian(archive)) {}

  std::span<const std::byte> read(const TorchStorage& storage) {
    const auto [place, added] = read_.try_emplace(std::string(storage.key), Read{{}, storage.dtype});
    Read& read = place->second;
    if (added) read.bytes = load(storage);
    if (read.bytes.size() != storage.count * storage.element_size) {
      throw bad_torch_file("storage '" + printable(storage.key) + "' has another size than it should");
    }
    if (swap_ && read.dtype != storage.dtype) throw bad_torch_file("a storage of swapped bytes has two types");
    return read.bytes;
  }

 private:
  struct Read {
    std::span<const std::byte> bytes;
    std::string_view dtype;
  };

  std::span<const std::byte> load(const TorchStorage& storage) {
    const std::span<const std::byte> record = archive_.read("data/" + std::string(storage.key));
    if (!swap_ || storage.element_size == 1) {
      if (swap_ && storage.dtype.empty())
        throw Error("was written on a big-endian machine with types that are not read");
      return record;
    }
    const std::span<std::byte> swapped = memory_.allocate(record.size());
    std::copy(record.begin(), record.end(), swapped.begin());
    swap_bytes(swapped, storage.dtype.starts_with('C') ? storage.element_size / 2 : storage.element_size);
    return swapped;
  }

  const Archive& archive_;
  TensorMemory& memory_;
  bool swap_;
  std::map<std::string, Read> read_;
};

// ---- The stream

// Whatever else stands in a pickle without a magic number: it is not for this reader.
void check_legacy_magic(std::span<const std::byte> bytes) {
  try {
    const Tree tree = pickle::read(bytes, {});
    if (tree[tree.root()].kind == Kind::big && tree[tree.root()].text == legacy_magic) return;
  } catch (const Error& error) {
    throw Error("is a Python pickle, but not one of PyTorch: " + error.message()).hint(torch_save_hint);
  }
  throw Error("is a Python pickle, but not one of PyTorch").hint(torch_save_hint);
}

// Its storages follow the pickles in the order of a list of keys: the number of elements (int64), then the elements,
// both little-endian on every machine.
std::map<std::string_view, std::span<const std::byte>> read_legacy_storages(const Tree& tree, const Tree& keys,
                                                                            std::span<const std::byte> bytes) {
  std::map<std::string_view, TorchStorage> declared;
  for (pickle::Id id = 0; id < tree.size(); ++id) {
    if (tree[id].kind != Kind::persistent) continue;
    const std::vector<pickle::Id>& parts = tree[tree[id].of].items;
    if (!parts.empty() && text_of(tree[parts[0]]) == "module") continue;  // a class and its source text
    const TorchStorage storage = torch_storage(tree, id);
    const auto [place, added] = declared.emplace(storage.key, storage);
    const TorchStorage& first = place->second;
    if (first.count != storage.count || first.dtype != storage.dtype)
      throw bad_torch_file("a storage is declared twice");
  }
  std::map<std::string_view, std::span<const std::byte>> storages;
  for (pickle::Id id : keys[keys.root()].items) {
    const auto found = declared.find(text_of(keys[id]).value_or(""));
    if (found == declared.end()) throw bad_torch_file("it has a storage that no tensor declares");
    const TorchStorage& storage = found->second;
    uint64_t count = 0;
    if (bytes.size() < sizeof count) throw bad_torch_file("it ends too early");
    std::memcpy(&count, bytes.data(), sizeof count);
    bytes = bytes.subspan(sizeof count);
    if (count != storage.count) throw bad_torch_file("a storage has another size than it should");
    if (count * storage.element_size > bytes.size()) {
      throw bad_torch_file("it ends too early").hint("it may not have arrived whole: get it again");
    }
    storages[storage.key] = bytes.first(count * storage.element_size);
    bytes = bytes.subspan(count * storage.element_size);
  }
  return storages;
}

}  // namespace

namespace {

void read_metadata(const Archive& archive, TensorFile& out) {
  constexpr size_t largest = 1 << 20;
  if (!archive.has(metadata_record)) return;
  const std::span<const std::byte> bytes = archive.read(metadata_record);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto facts =
      bytes.size() > largest ? nlohmann::json() : nlohmann::json::parse(text, text + bytes.size(), nullptr, false);
  if (!facts.is_object()) throw Error("has a damaged record '.facerec'");
  for (const auto& [key, value] : facts.items()) {
    if (value.is_string()) out.metadata[key] = value.get<std::string>();
  }
}

}  // namespace

void read_torch_zip(TensorMemory& memory, TensorFile& out) {
  Archive archive{ZipArchive(memory), ""};
  archive.root = find_root(archive.zip);
  check_version(archive);
  const bool script = archive.has("constants.pkl") ||
                      std::any_of(archive.zip.entries().begin(), archive.zip.entries().end(),
                                  [&](const ZipEntry& e) { return e.name.starts_with(archive.root + "code/"); });
  out.format = script ? "torchscript" : "pytorch";
  const Tree tree = read_objects(archive.read("data.pkl"), archive.zip.find(archive.root + "data.pkl")->offset);
  ArchiveStorages storages(archive, memory);
  collect_torch_tensors(
      tree, [&](const TorchStorage& storage) { return storages.read(storage); }, memory.bytes().size(), out);
  read_metadata(archive, out);
}

void read_torch_legacy(TensorMemory& memory, TensorFile& out) {
  out.format = "pytorch_legacy";
  const std::span<const std::byte> bytes = memory.bytes();
  uint64_t position = 0;
  const auto next = [&](bool objects) {
    const auto rest = bytes.subspan(position);
    Tree tree = objects ? read_objects(rest, position) : pickle::read(rest, {}, position);
    position += tree.length();
    return tree;
  };
  check_legacy_magic(bytes);
  next(false);
  const Tree protocol = next(false);
  if (protocol[protocol.root()].kind != Kind::integer || protocol[protocol.root()].number != legacy_protocol) {
    throw bad_torch_file("its protocol is not 1001");
  }
  next(false);  // sizes of C types where it was written
  const Tree tree = next(true), keys = next(false);
  if (keys[keys.root()].kind != Kind::list) throw bad_torch_file("it has no list of storages");
  const auto storages = read_legacy_storages(tree, keys, bytes.subspan(position));
  const TorchStorageReader read = [&](const TorchStorage& storage) {
    const auto found = storages.find(storage.key);
    if (found == storages.end()) throw bad_torch_file("a storage is missing");
    return found->second;
  };
  collect_torch_tensors(tree, read, bytes.size(), out);
}

}  // namespace facerec
