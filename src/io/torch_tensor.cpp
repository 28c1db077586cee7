#include "io/torch_tensor.h"

#include <algorithm>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/torch_types.h"

namespace facerec {
namespace {

using pickle::Id;
using pickle::Kind;
using pickle::Tree;
using pickle::Value;

constexpr size_t max_rank = 64;

// The first three make dense tensors, the next four wrap one, the rest make what is no dense array of numbers.
constexpr std::string_view callables[] = {"torch._utils._rebuild_tensor",
                                          "torch._utils._rebuild_tensor_v2",
                                          "torch._utils._rebuild_tensor_v3",
                                          "torch._utils._rebuild_parameter",
                                          "torch._utils._rebuild_parameter_with_state",
                                          "torch.nn.parameter.Parameter",
                                          "torch.autograd.variable.Variable",
                                          "torch._utils._rebuild_sparse_tensor",
                                          "torch._utils._rebuild_qtensor",
                                          "torch._utils._rebuild_wrapper_subclass",
                                          "torch._utils._rebuild_meta_tensor_no_storage",
                                          "torch._tensor._rebuild_from_type_v2"};
constexpr size_t with_dtype = 2, first_wrapper = 3, first_strange = 7;

size_t callable_of(const Tree& tree, const Value& value) {
  if (value.kind != Kind::call) return std::size(callables);
  return std::find(std::begin(callables), std::end(callables), tree[value.of].text) - std::begin(callables);
}

Error bad_storage() { return Error("is a damaged PyTorch file: a storage is declared in an unknown way"); }

// Non-negative integers.
std::optional<uint64_t> count_of(const Value& value) {
  if (value.kind != Kind::integer || value.number < 0) return std::nullopt;
  return static_cast<uint64_t>(value.number);
}

// "torch.FloatStorage", "torch.cuda.FloatStorage" of old files, "torch.storage.UntypedStorage".
void read_storage_type(std::string_view name, TorchStorage& storage) {
  for (std::string_view prefix : {"torch.cuda.", "torch.storage.", "torch."}) {
    if (!name.starts_with(prefix)) continue;
    const std::string_view type = name.substr(prefix.size());
    if (type == "UntypedStorage" || type == "_UntypedStorage") return;
    for (const TorchType& known : torch_types) {
      if (known.storage != type || type.empty()) continue;
      storage.dtype = known.dtype;
      storage.element_size = dtype_size(std::string(known.dtype));
      return;
    }
  }
  throw Error("holds tensors of the unknown type '" + printable(name) + "'")
      .hint("quantized tensors are not read: convert the model to float and save it again");
}

class ViewReader {
 public:
  ViewReader(const Tree& tree, const Value& call, std::string_view name)
      : tree_(tree),
        name_(name),
        arguments_(tree[call.arguments].items),
        typed_(callable_of(tree, call) == with_dtype) {}

  TensorView read(const TorchStorageReader& read_storage, uint64_t largest) {
    if (arguments_.size() < (typed_ ? 7 : 4)) throw damaged("arguments are missing");
    // Lazy conjugation and negation stand here; the numbers in the file are the ones before it.
    const size_t flags = typed_ ? 7 : 6;
    if (arguments_.size() > flags && !tree_[arguments_[flags]].items.empty()) {
      throw Error("tensor '" + printable(name_) + "' is a conjugated or negated view of another")
          .hint("in Python, call .resolve_conj().resolve_neg() on it and save again");
    }
    const TorchStorage storage = torch_storage(tree_, arguments_[0]);
    TensorView view;
    view.dtype = dtype(storage);
    size_ = dtype_size(view.dtype);
    read_layout(view);
    if (logical_ > largest) throw damaged("it is larger than the file justifies");
    if (logical_ == 0) return view;

    const auto offset = count_of(tree_[arguments_[1]]);
    uint64_t begin = 0, bytes = 0;
    const uint64_t available = storage.view_count * storage.element_size;
    if (!offset || __builtin_mul_overflow(*offset, size_, &begin) || __builtin_add_overflow(reach_, 1, &reach_) ||
        __builtin_mul_overflow(reach_, size_, &bytes) || begin > available || bytes > available - begin) {
      throw damaged("it reaches beyond its storage");
    }
    view.bytes = read_storage(storage).subspan(storage.view_offset * storage.element_size + begin, bytes);
    return view;
  }

 private:
  Error damaged(const std::string& what) const {
    return Error("tensor '" + printable(name_) + "' is damaged: " + what);
  }

  std::string dtype(const TorchStorage& storage) const {
    const std::string_view name = typed_ ? tree_[arguments_[6]].text : "";
    for (const TorchType& type : torch_types) {
      if (typed_ ? name.starts_with("torch.") && name.substr(6) == type.torch : type.dtype == storage.dtype) {
        return std::string(type.dtype);
      }
    }
    throw Error("tensor '" + printable(name_) + "' has the unknown type '" + printable(name) + "'")
        .hint("convert it to float and save it again");
  }

  // Shape, strides, logical_ and reach_. Dimensions of 1 may have any stride.
  void read_layout(TensorView& view) {
    const Value &shape = tree_[arguments_[2]], &strides = tree_[arguments_[3]];
    const auto is_list = [](const Value& value) { return value.kind == Kind::tuple || value.kind == Kind::list; };
    if (!is_list(shape) || !is_list(strides)) throw damaged("shape or strides are not lists");
    const size_t rank = shape.items.size();
    if (rank != strides.items.size()) throw damaged("shape and strides have different ranks");
    if (rank > max_rank) throw damaged("it has more than 64 dimensions");
    view.shape.resize(rank);
    view.strides.resize(rank);
    bool overflow = false, empty = false, row_major = true;
    uint64_t row = 1;  // the stride that a row-major tensor has here
    for (size_t i = rank; i-- > 0;) {
      const auto extent = count_of(tree_[shape.items[i]]), stride = count_of(tree_[strides.items[i]]);
      if (!extent || !stride) throw damaged("shape or strides are negative, or no numbers");
      view.shape[i] = static_cast<int64_t>(*extent);
      view.strides[i] = static_cast<int64_t>(*stride);
      row_major &= *extent == 1 || *stride == row;
      empty |= *extent == 0;
      if (*extent == 0) continue;
      uint64_t step = 0;
      overflow |= __builtin_mul_overflow(row, *extent, &row);
      overflow |= __builtin_mul_overflow(*extent - 1, *stride, &step) || __builtin_add_overflow(reach_, step, &reach_);
    }
    overflow |= __builtin_mul_overflow(row, size_, &logical_) || logical_ > INT64_MAX;
    if (overflow) throw damaged("its shape is impossible");
    if (empty) logical_ = 0;
    if (empty || row_major) view.strides.clear();
  }

  const Tree& tree_;
  std::string_view name_;
  const std::vector<Id>& arguments_;
  bool typed_;                                   // the seventh argument names the type; the storage counts bytes
  uint64_t size_ = 0, logical_ = 0, reach_ = 0;  // bytes of an element, of all; elements from the first to the last
};

}  // namespace

std::optional<std::string_view> text_of(const Value& value) {
  const bool text = value.kind == Kind::text || (value.kind == Kind::bytes && is_utf8(value.text));
  return text ? std::optional(value.text) : std::nullopt;
}

// ('storage', type, key, location, count), and in old files a sixth: None or (key of the view, offset, count).
TorchStorage torch_storage(const Tree& tree, Id persistent) {
  const Value& id = tree[persistent];
  if (id.kind != Kind::persistent) throw bad_storage();
  const std::vector<Id>& parts = tree[id.of].items;
  if (parts.size() < 5 || parts.size() > 6 || text_of(tree[parts[0]]) != "storage") throw bad_storage();
  const auto key = text_of(tree[parts[2]]);
  const auto count = count_of(tree[parts[4]]);
  if (tree[parts[1]].kind != Kind::global || !key || !count) throw bad_storage();
  TorchStorage storage;
  read_storage_type(tree[parts[1]].text, storage);
  storage.key = *key;
  storage.count = storage.view_count = *count;
  uint64_t bytes = 0;
  if (__builtin_mul_overflow(*count, storage.element_size, &bytes)) throw bad_storage();
  if (parts.size() == 6 && tree[parts[5]].kind != Kind::none) {
    const std::vector<Id>& view = tree[parts[5]].items;
    const auto offset = view.size() == 3 ? count_of(tree[view[1]]) : std::nullopt;
    const auto part = view.size() == 3 ? count_of(tree[view[2]]) : std::nullopt;
    if (!offset || !part || *offset > *count || *part > *count - *offset) throw bad_storage();
    storage.view_offset = *offset;
    storage.view_count = *part;
  }
  return storage;
}

std::span<const std::string_view> torch_tensor_callables() { return callables; }

const Value* torch_tensor_call(const Tree& tree, Id id) {
  for (int depth = 0; depth < 8; ++depth) {
    const Value& value = tree[id];
    const size_t callable = callable_of(tree, value);
    if (callable == std::size(callables)) return nullptr;
    if (callable < first_wrapper || callable >= first_strange) return &value;
    if (tree[value.arguments].items.empty()) return nullptr;
    id = tree[value.arguments].items[0];
  }
  return nullptr;
}

TensorView torch_view(const Tree& tree, const Value& call, const TorchStorageReader& read, uint64_t largest,
                      std::string_view name) {
  if (callable_of(tree, call) >= first_strange) {
    throw Error("tensor '" + printable(name) + "' is sparse, quantized or of another kind that is not read")
        .hint("in Python, convert it with .to_dense() or .dequantize() and save again");
  }
  return ViewReader(tree, call, name).read(read, largest);
}

}  // namespace facerec
