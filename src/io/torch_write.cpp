#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <set>

#include "facerec/core/error.h"
#include "facerec/io/torch_file.h"
#include "io/torch_file.h"
#include "io/torch_types.h"
#include "io/zip_write.h"

namespace facerec {
namespace {

const TorchType& type_of(const TensorView& view) {
  const auto found = std::find_if(torch_types.begin(), torch_types.end(),
                                  [&](const TorchType& type) { return type.dtype == view.dtype; });
  if (found == torch_types.end()) throw Error("PyTorch has no type '" + view.dtype + "'");
  return *found;
}

// Bytes from the first element to the last one that shape and strides reach.
uint64_t bytes_of(const TensorView& view) {
  if (!view.strides.empty() && view.strides.size() != view.shape.size()) throw Error("strides do not fit the shape");
  uint64_t row = 1, reach = 0;
  bool overflow = false;
  for (size_t i = view.shape.size(); i-- > 0;) {
    const auto extent = static_cast<uint64_t>(view.shape[i]);
    if (extent == 0) return 0;
    uint64_t step = 0;
    const uint64_t stride = view.strides.empty() ? row : static_cast<uint64_t>(view.strides[i]);
    overflow |= __builtin_mul_overflow(extent - 1, stride, &step) || __builtin_add_overflow(reach, step, &reach);
    overflow |= __builtin_mul_overflow(row, extent, &row);
  }
  if (overflow || reach > INT64_MAX / 16) throw Error("the shape is impossible");
  return (reach + 1) * dtype_size(view.dtype);
}

// Opcodes of protocol 2, the only one that torch.load(weights_only=True) takes.
class Pickle {
 public:
  Pickle() : bytes_("\x80\x02") {}

  void raw(std::string_view bytes) { bytes_ += bytes; }
  void global(std::string_view module, std::string_view name) {
    bytes_.append("c").append(module).append("\n").append(name).append("\n");
  }
  void text(std::string_view text) {
    bytes_ += 'X';
    number(text.size(), 4);
    bytes_ += text;
  }
  void integer(int64_t value) {
    if (value >= 0 && value < 256) {
      bytes_ += 'K';
      number(static_cast<uint64_t>(value), 1);
    } else {
      bytes_ += "\x8A\x08";  // LONG1 of 8 bytes
      number(static_cast<uint64_t>(value), 8);
    }
  }
  void real(double value) {
    const auto bits = std::bit_cast<uint64_t>(value);
    bytes_ += 'G';  // big-endian
    for (int shift = 56; shift >= 0; shift -= 8) bytes_ += static_cast<char>(bits >> shift & 0xFF);
  }
  void boolean(bool value) { bytes_ += value ? '\x88' : '\x89'; }
  void tuple(std::span<const int64_t> values) {
    bytes_ += '(';
    for (int64_t value : values) integer(value);
    bytes_ += 't';
  }
  void empty_ordered_dict() {
    global("collections", "OrderedDict");
    bytes_ += ")R";
  }
  std::string take() { return std::move(bytes_); }

 private:
  void number(uint64_t value, size_t count) { bytes_.append(reinterpret_cast<const char*>(&value), count); }
  std::string bytes_;
};

std::vector<int64_t> strides_of(const TensorView& view) {
  if (!view.strides.empty()) return view.strides;
  std::vector<int64_t> strides(view.shape.size(), 1);
  for (size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<int64_t>(view.shape[i], 1);
  return strides;
}

// torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks), or _v3 with a dtype over an
// untyped storage.
void put_tensor(Pickle& pickle, const TensorView& view, size_t key) {
  const TorchType& type = type_of(view);
  const bool typed = !type.storage.empty();
  pickle.global("torch._utils", typed ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
  pickle.raw("((");
  pickle.text("storage");
  if (typed) {
    pickle.global("torch", type.storage);
  } else {
    pickle.global("torch.storage", "UntypedStorage");
  }
  pickle.text(std::to_string(key));
  pickle.text("cpu");
  const uint64_t bytes = view.bytes.size();
  pickle.integer(static_cast<int64_t>(typed ? bytes / dtype_size(view.dtype) : bytes));
  pickle.raw("tQ");
  pickle.integer(0);
  pickle.tuple(view.shape);
  pickle.tuple(strides_of(view));
  pickle.boolean(false);
  pickle.empty_ordered_dict();
  if (!typed) pickle.global("torch", type.torch);
  pickle.raw("tR");
}

void check(const TensorView& view) {
  type_of(view);
  const bool negative = std::any_of(view.shape.begin(), view.shape.end(), [](int64_t n) { return n < 0; });
  if (negative || bytes_of(view) != view.bytes.size()) throw Error("a tensor has a wrong size");
}

void check(std::span<const NamedTensor> tensors) {
  std::set<std::string_view> names;
  for (const NamedTensor& tensor : tensors) {
    if (!names.insert(tensor.name).second) throw Error("tensor '" + tensor.name + "' occurs twice");
    try {
      check(tensor.view);
    } catch (const Error& error) {
      throw Error(error.message() + ": '" + tensor.name + "'");
    }
  }
}

// Writes a value's opcodes and collects the tensors in it, whose position is their key.
class ValueWriter {
 public:
  explicit ValueWriter(const TorchValue& value) {
    put(value);
    pickle_.raw(".");
  }
  std::string objects() { return pickle_.take(); }
  const std::vector<TensorView>& tensors() const { return tensors_; }

 private:
  void put(const TorchValue& value) {
    std::visit([this](const auto& held) { (*this)(held); }, value.value);
  }
  void operator()(bool value) { pickle_.boolean(value); }
  void operator()(int64_t value) { pickle_.integer(value); }
  void operator()(double value) { pickle_.real(value); }
  void operator()(const std::string& value) { pickle_.text(value); }
  void operator()(const TensorView& value) {
    check(value);
    put_tensor(pickle_, value, tensors_.size());
    tensors_.push_back(value);
  }
  void operator()(const TorchValue::List& values) {
    pickle_.raw("](");
    for (const TorchValue& value : values) put(value);
    pickle_.raw("e");
  }
  void operator()(const TorchValue::Dict& entries) {
    pickle_.raw("}(");
    for (const auto& [key, value] : entries) {
      std::visit([this](const auto& held) { (*this)(held); }, key);
      put(value);
    }
    pickle_.raw("u");
  }

  Pickle pickle_;
  std::vector<TensorView> tensors_;
};

void write_archive(const fs::path& path, const std::string& objects, std::span<const TensorView> tensors,
                   const Metadata& metadata) {
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  std::vector<ZipRecord> records{{"archive/data.pkl", bytes(objects)}, {"archive/byteorder", bytes("little")}};
  for (size_t i = 0; i < tensors.size(); ++i) {
    records.push_back({"archive/data/" + std::to_string(i), tensors[i].bytes});
  }
  records.push_back({"archive/version", bytes("3\n")});
  const std::string facts = nlohmann::json(metadata).dump();
  if (!metadata.empty()) records.push_back({std::string("archive/") + metadata_record, bytes(facts)});
  write_zip(path, records);
}

}  // namespace

void write_torch_file(const fs::path& path, std::span<const NamedTensor> tensors, const Metadata& metadata) {
  try {
    check(tensors);
  } catch (Error& error) {
    throw std::move(error).file(text_of(path));
  }
  Pickle pickle;
  std::vector<TensorView> views;
  pickle.empty_ordered_dict();
  pickle.raw("(");
  for (const NamedTensor& tensor : tensors) {
    pickle.text(tensor.name);
    put_tensor(pickle, tensor.view, views.size());
    views.push_back(tensor.view);
  }
  pickle.raw("u.");
  write_archive(path, pickle.take(), views, metadata);
}

void write_torch_file(const fs::path& path, const TorchValue& value) {
  try {
    ValueWriter writer(value);
    write_archive(path, writer.objects(), writer.tensors(), {});
  } catch (Error& error) {
    throw std::move(error).file(text_of(path));
  }
}

}  // namespace facerec
