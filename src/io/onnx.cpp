#include "facerec/io/onnx.h"

#include <google/protobuf/arena.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <deque>
#include <limits>
#include <new>
#include <set>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

using onnx::TensorProto;

// What one file may take while it is parsed. Protobuf spends up to a hundred bytes on an empty message of two, so the
// size of the file alone does not bound it. An arena tells its allocator nothing but sizes, hence a thread's variable.
thread_local uint64_t budget = 0;

void* allocate_within_budget(size_t size) {
  if (size > budget) throw std::bad_alloc();
  budget -= size;
  return ::operator new(size);
}

google::protobuf::ArenaOptions arena_options(uint64_t limit) {
  budget = limit;
  google::protobuf::ArenaOptions options;
  options.block_alloc = allocate_within_budget;
  options.block_dealloc = [](void* block, size_t) { ::operator delete(block); };
  return options;
}

struct Type {
  int onnx;
  const char* name;
};

constexpr Type types[] = {
    {TensorProto::FLOAT, "F32"},  {TensorProto::DOUBLE, "F64"}, {TensorProto::FLOAT16, "F16"},
    {TensorProto::INT64, "I64"},  {TensorProto::INT32, "I32"},  {TensorProto::BFLOAT16, "BF16"},
    {TensorProto::INT16, "I16"},  {TensorProto::INT8, "I8"},    {TensorProto::UINT8, "U8"},
    {TensorProto::UINT16, "U16"}, {TensorProto::BOOL, "BOOL"},  {TensorProto::UINT32, "U32"},
    {TensorProto::UINT64, "U64"},
};

std::string type_name(int onnx) {
  const auto* found =
      std::find_if(std::begin(types), std::end(types), [&](const Type& type) { return type.onnx == onnx; });
  return found == std::end(types) ? "" : found->name;
}

}  // namespace

class OnnxMemory {
 public:
  explicit OnnxMemory(uint64_t limit) : arena(arena_options(limit)) {}

  google::protobuf::Arena arena;
  onnx::ModelProto* const model = google::protobuf::Arena::CreateMessage<onnx::ModelProto>(&arena);
  std::deque<std::vector<std::byte>> narrowed;  // tensors that the file spells with more bytes than their type has
};

namespace {

class OnnxReader {
 public:
  OnnxReader(const fs::path& path, OnnxMemory& memory) : path_(path), memory_(memory) {}

  void parse(std::span<const std::byte> bytes) const {
    if (bytes.size() > std::numeric_limits<int>::max()) throw bad("larger than 2 GiB");
    bool parsed = false;
    try {
      parsed = memory_.model->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    } catch (const std::bad_alloc&) {
      throw bad("takes far more memory than its size justifies");
    }
    const onnx::ModelProto& model = *memory_.model;
    if (!parsed || !model.has_graph() || model.graph().node().empty() || model.ir_version() < 1) {
      throw Error("is not an ONNX model").file(text_of(path_));
    }
  }

  void refuse_external_tensors() const {
    const onnx::ModelProto& model = *memory_.model;
    check(model.graph());
    for (const auto& function : model.functions()) check_nodes(function.node());
  }

  OnnxValue value(const onnx::ValueInfoProto& info) const {
    OnnxValue value{.name = info.name(), .dtype = "", .shape = {}};
    const auto& tensor = info.type().tensor_type();
    value.dtype = type_name(tensor.elem_type());
    for (const auto& dim : tensor.shape().dim()) {
      value.shape.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1);
    }
    return value;
  }

  NamedTensor tensor(const TensorProto& proto) {
    NamedTensor tensor{proto.name(), {.dtype = type_name(proto.data_type()), .shape = {}, .bytes = {}}};
    uint64_t expected = dtype_size(tensor.view.dtype);
    for (const int64_t extent : proto.dims()) {
      if (extent < 0 || __builtin_mul_overflow(expected, static_cast<uint64_t>(extent), &expected)) {
        throw bad("tensor '" + proto.name() + "' has an impossible shape");
      }
      tensor.view.shape.push_back(extent);
    }
    tensor.view.bytes = bytes_of(proto, dtype_size(tensor.view.dtype));
    if (tensor.view.bytes.size() != expected) {
      throw bad("tensor '" + proto.name() + "' has " + std::to_string(tensor.view.bytes.size()) +
                " bytes; its shape needs " + std::to_string(expected));
    }
    return tensor;
  }

 private:
  Error bad(const std::string& what) const { return Error("not a valid ONNX file: " + what).file(text_of(path_)); }

  void check(const TensorProto& tensor) const {
    if (tensor.data_location() != TensorProto::EXTERNAL && tensor.external_data().empty()) return;
    throw Error("keeps the tensor '" + tensor.name() + "' in another file")
        .file(text_of(path_))
        .hint("make it one file: onnx.save_model(onnx.load(FILE), OUT, save_as_external_data=False) in Python");
  }

  // No deeper than the parser went: it stops at 100 messages inside one another.
  void check(const onnx::GraphProto& graph) const {
    for (const TensorProto& tensor : graph.initializer()) check(tensor);
    for (const auto& sparse : graph.sparse_initializer()) check(sparse);
    check_nodes(graph.node());
  }

  void check(const onnx::SparseTensorProto& sparse) const {
    check(sparse.values());
    check(sparse.indices());
  }

  template <class Nodes>
  void check_nodes(const Nodes& nodes) const {
    for (const auto& node : nodes) {
      for (const auto& attribute : node.attribute()) {
        check(attribute.t());
        check(attribute.sparse_tensor());
        check(attribute.g());
        for (const auto& tensor : attribute.tensors()) check(tensor);
        for (const auto& sparse : attribute.sparse_tensors()) check(sparse);
        for (const auto& graph : attribute.graphs()) check(graph);
      }
    }
  }

  template <class Values>
  static std::span<const std::byte> bytes_in(const Values& values) {
    return std::as_bytes(std::span(values.data(), static_cast<size_t>(values.size())));
  }

  // Values stand in raw_data or in the list of their kind; the latter holds types below 32 bits one to an int32.
  std::span<const std::byte> bytes_of(const TensorProto& proto, size_t width) {
    if (proto.has_raw_data()) return std::as_bytes(std::span(proto.raw_data()));
    switch (proto.data_type()) {
      case TensorProto::FLOAT: return bytes_in(proto.float_data());
      case TensorProto::DOUBLE: return bytes_in(proto.double_data());
      case TensorProto::INT64: return bytes_in(proto.int64_data());
      case TensorProto::INT32: return bytes_in(proto.int32_data());
      case TensorProto::UINT64: return bytes_in(proto.uint64_data());
      case TensorProto::UINT32: return narrow(proto.uint64_data(), width);
      default: return narrow(proto.int32_data(), width);
    }
  }

  template <class Values>
  std::span<const std::byte> narrow(const Values& values, size_t width) {
    std::vector<std::byte>& bytes = memory_.narrowed.emplace_back();
    bytes.reserve(static_cast<size_t>(values.size()) * width);
    for (const auto value : values) {
      const auto* low = reinterpret_cast<const std::byte*>(&value);  // little-endian: the low bytes come first
      bytes.insert(bytes.end(), low, low + width);
    }
    return bytes;
  }

  const fs::path& path_;
  OnnxMemory& memory_;
};

}  // namespace

bool is_onnx(const fs::path& path) { return lower(path.extension().string()) == ".onnx"; }

OnnxFile open_onnx(const fs::path& path) {
  const MappedFile mapped(path);
  const auto memory = std::make_shared<OnnxMemory>(2 * mapped.bytes().size() + (uint64_t{16} << 20));
  OnnxReader reader(path, *memory);
  reader.parse(mapped.bytes());
  reader.refuse_external_tensors();
  const onnx::ModelProto& model = *memory->model;
  const onnx::GraphProto& graph = model.graph();

  OnnxFile file;
  file.path = path;
  file.memory = memory;
  file.ir_version = model.ir_version();
  file.doc = model.doc_string();
  file.producer = model.producer_name();
  if (!model.producer_version().empty()) file.producer += " " + model.producer_version();
  for (const auto& set : model.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") file.opset = set.version();
  }
  for (const auto& entry : model.metadata_props()) file.metadata[entry.key()] = entry.value();
  std::set<std::string_view> initialised;
  for (const TensorProto& proto : graph.initializer()) {
    initialised.insert(proto.name());
    if (!type_name(proto.data_type()).empty()) file.initializers.push_back(reader.tensor(proto));
  }
  for (const auto& info : graph.input()) {
    if (!initialised.contains(info.name())) file.inputs.push_back(reader.value(info));
  }
  for (const auto& info : graph.output()) file.outputs.push_back(reader.value(info));
  for (const auto& node : graph.node()) {
    if (file.first_nodes.size() == 8) break;
    file.first_nodes.push_back({node.name(), node.op_type()});
  }
  return file;
}

bool normalises_inside(const OnnxFile& file) {
  auto named = [&](const char* first, const char* second) {
    return std::any_of(file.first_nodes.begin(), file.first_nodes.end(), [&](const OnnxNode& node) {
      return node.name.starts_with(first) || node.name.starts_with(second);
    });
  };
  return named("Sub", "_minus") && named("Mul", "_mul");
}

int64_t embedding_length(const std::vector<int64_t>& shape) {
  if (shape.size() < 2 || shape[1] < 2) return 0;
  return std::all_of(shape.begin() + 2, shape.end(), [](int64_t extent) { return extent == 1; }) ? shape[1] : 0;
}

}  // namespace facerec
