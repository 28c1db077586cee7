#include "facerec/io/tensor_file.h"

#include <algorithm>
#include <cstring>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/io/keras.h"
#include "io/numpy_weights.h"
#include "io/parse.h"
#include "io/tensor_memory.h"
#include "io/torch_file.h"

namespace facerec {
namespace {

struct Foreign {
  std::string_view start;
  const char* what;
  const char* remedy;
};

constexpr const char* get_again = "the download went wrong: get it again, from a link to the file itself";
constexpr const char* unpack = "unpack it and name the file inside";

// Files of other kinds that stand where a model should.
constexpr Foreign foreign[] = {
    {"version https://git-lfs.github.com/spec/", "is a Git LFS pointer, not the file it stands for",
     "run `git lfs pull` in its repository, or download the file from its web page"},
    {std::string_view("\x1F\x8B", 2), "is compressed with gzip", unpack},
    {std::string_view("\xFD\x37zXZ\0", 6), "is compressed with xz", unpack},
    {"BZh", "is compressed with bzip2", unpack},
    {"7z\xBC\xAF\x27\x1C", "is a 7z archive", unpack},
    {"Rar!\x1A\x07", "is a RAR archive", unpack},
};

// A protobuf message that begins as ModelProto does: ir_version, then another of its fields.
bool looks_like_onnx(std::string_view text) {
  return text.size() > 16 && text[0] == 0x08 && text[1] > 0 && text[1] < 0x20 &&
         std::string_view("\x12\x1A\x22\x2A\x32\x3A\x42\x72").find(text[2]) != std::string_view::npos;
}

bool is_hdf5(std::span<const std::byte> bytes) {
  constexpr std::string_view signature = "\x89HDF\r\n\x1A\n";
  return bytes.size() >= signature.size() && std::memcmp(bytes.data(), signature.data(), signature.size()) == 0;
}

[[noreturn]] void refuse(std::string_view text) {
  if (text.empty()) throw Error("is empty").hint("it may not have arrived: get it again");
  for (const Foreign& kind : foreign) {
    if (text.starts_with(kind.start)) throw Error(kind.what).hint(kind.remedy);
  }
  if (text.size() > 512 && text.substr(257).starts_with("ustar")) {
    const bool torch = text.starts_with("sys_info") || text.starts_with("pickle") || text.starts_with("storages") ||
                       text.starts_with("tensors") || text.starts_with("./");
    if (!torch) throw Error("is a tar archive").hint(unpack);
    throw Error("was written by a PyTorch of before 2017 (a tar archive), which is not read here")
        .hint("open it in PyTorch 2.5 or older and save it again: torch.save(torch.load(OLD), \"weights.pth\")");
  }
  if (looks_like_onnx(text)) {
    throw Error("is an ONNX model, which serves inference only")
        .hint("to train or export it, take the .pth or .safetensors that it was made from");
  }
  const std::string head = lower(text.substr(0, 512));
  const size_t begin = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (begin != std::string::npos && head[begin] == '<') {
    throw Error("is an HTML or XML page, not a model").hint(get_again);
  }
  const auto is_control = [](char c) { return static_cast<uint8_t>(c) < 0x09; };
  const auto last_ascii = std::find_if(head.rbegin(), head.rend(), [](char c) { return (c & 0x80) == 0; });
  const std::string_view whole_letters(head.data(), static_cast<size_t>(head.rend() - last_ascii));
  if (!whole_letters.empty() && std::none_of(head.begin(), head.end(), is_control) && is_utf8(whole_letters)) {
    throw Error("is text, not a model: '" + printable(text, 40) + "'").hint(get_again);
  }
  throw Error("is not a file of tensors that is known here")
      .hint("models are read from .safetensors, .pth, .pt, .ckpt and .onnx files");
}

void read_safetensors(std::span<const std::byte> bytes, TensorFile& out) {
  out.format = "safetensors";
  SafetensorsContent content = parse_safetensors(bytes);
  out.metadata = std::move(content.metadata);
  TensorGroup group;
  for (auto& [name, view] : content.tensors) group.tensors.push_back({name, std::move(view)});
  std::stable_sort(group.tensors.begin(), group.tensors.end(), [](const NamedTensor& a, const NamedTensor& b) {
    return std::less<>()(a.view.bytes.data(), b.view.bytes.data());
  });
  if (!group.tensors.empty()) out.groups.push_back(std::move(group));
}

}  // namespace

TensorFile parse_tensor_file(const std::shared_ptr<TensorMemory>& memory) {
  const std::span<const std::byte> bytes = memory->bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  TensorFile file;
  file.memory = memory;
  uint64_t header = 0;
  if (bytes.size() > sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  const bool archive = text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06");
  const bool pickle = text.starts_with('\x80');
  const bool braces = bytes.size() > sizeof header && text[sizeof header] == '{';
  // The length of a header may look like the start of another format; one that is too long is not taken for one.
  if (braces && ((!archive && !pickle) || header <= bytes.size() - sizeof header)) {
    read_safetensors(bytes, file);
  } else if (archive) {
    read_torch_zip(*memory, file);
  } else if (pickle) {
    read_torch_legacy(*memory, file);
  } else if (text.starts_with("\x93NUMPY")) {
    read_numpy_weights(*memory, file);
  } else {
    refuse(text);
  }
  return file;
}

TensorFile open_tensor_file(const fs::path& path) {
  if (is_tensorflow_checkpoint(path)) return open_tensorflow_checkpoint(path);
  const auto memory = std::make_shared<TensorMemory>(path);
  if (is_hdf5(memory->bytes())) return open_keras_file(path);
  try {
    TensorFile file = parse_tensor_file(memory);
    file.path = path;
    return file;
  } catch (Error& error) {
    throw std::move(error).file(text_of(path));
  }
}

void drop_pages(const TensorFile& file, const TensorView& view) {
  if (file.memory) file.memory->drop_pages(view.bytes);
}

}  // namespace facerec
