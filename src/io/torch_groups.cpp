#include "io/torch_groups.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec {
namespace {

using pickle::Id;
using pickle::Kind;
using pickle::Tree;
using pickle::Value;

constexpr int max_depth = 64;
constexpr size_t max_name = 4096, max_scalar_text = 200;

// The shortest text that reads back as the same number.
std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(std::begin(text), std::end(text), value).ptr};
}

class Collector {
 public:
  Collector(const Tree& tree, const TorchStorageReader& read, uint64_t file_size, TensorFile& out)
      : tree_(tree),
        read_(read),
        out_(out),
        seen_(tree.size()),
        largest_(2 * file_size + (1 << 20)),
        budget_(4 * file_size + (4 << 20)) {}

  void run() {
    const Value& root = tree_[tree_.root()];
    if (is_tensor(tree_.root())) {
      TensorGroup group;
      add(group, "", tree_.root());
      out_.groups.push_back(std::move(group));
    }
    walk(tree_.root(), "", 0);
    if (out_.groups.empty()) throw none_found(root);
    if (root.kind == Kind::dict) read_metadata(root);
  }

 private:
  using Members = std::vector<std::pair<std::string, Id>>;

  Error none_found(const Value& root) const {
    if (out_.format == "torchscript") {
      return Error("is a TorchScript archive without parameters: a frozen one keeps them as constants")
          .hint(torch_save_hint);
    }
    if (root.kind == Kind::call || root.kind == Kind::object) {
      return Error("is a pickled Python object without tensors that can be read").hint(torch_save_hint);
    }
    return Error("holds no tensors").hint(torch_save_hint);
  }

  // Names and shapes in memory are bounded by the file: a pickle may name one long key or shape very often.
  void spend(uint64_t bytes) {
    if (bytes > budget_) throw Error("describes more tensors than its size justifies");
    budget_ -= bytes;
  }

  std::optional<std::string> key_text(Id id) const {
    const Value& key = tree_[id];
    if (key.kind == Kind::integer) return std::to_string(key.number);
    if (key.kind == Kind::boolean) return std::string(key.number != 0 ? "True" : "False");
    if (key.kind == Kind::none) return std::string("None");
    const auto text = text_of(key);
    if (!text) return std::nullopt;
    if (text->size() > max_name) throw Error("is a damaged PyTorch file: a key is longer than 4096 bytes");
    return std::string(*text);
  }

  // Keys and values in order, of a list only what may hold tensors. Of equal keys the last one counts, at the place of
  // the first, as in Python.
  Members members(const Value& value) {
    Members result;
    if (value.kind == Kind::list || value.kind == Kind::tuple) {
      for (size_t i = 0; i < value.items.size(); ++i) {
        if (tree_[value.items[i]].kind >= Kind::list) result.emplace_back(std::to_string(i), value.items[i]);
      }
      return result;
    }
    std::unordered_map<std::string, size_t> places;
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
      const std::optional<std::string> key = key_text(value.items[i]);
      if (!key) continue;
      spend(16 + key->size());
      const auto [place, added] = places.emplace(*key, result.size());
      if (added) result.emplace_back(*key, 0);
      result[place->second].second = value.items[i + 1];
    }
    return result;
  }

  static std::string joined(const std::string& path, const std::string& key) {
    std::string name = path.empty() ? key : path + "." + key;
    if (name.size() > max_name) throw Error("is a damaged PyTorch file: a key is longer than 4096 bytes");
    return name;
  }

  bool is_tensor(Id id) const { return torch_tensor_call(tree_, id) != nullptr; }

  void add(TensorGroup& group, const std::string& name, Id id);
  void walk(Id id, const std::string& path, int depth);
  void walk_module(const Value& module, const std::string& prefix, TensorGroup& group, int depth);
  const Value* module_state(const Value& value);
  void read_metadata(const Value& root);

  const Tree& tree_;
  const TorchStorageReader& read_;
  TensorFile& out_;
  std::vector<bool> seen_;
  uint64_t largest_, budget_;
};

void Collector::add(TensorGroup& group, const std::string& name, Id id) {
  spend(256 + name.size());
  group.tensors.push_back({name, torch_view(tree_, *torch_tensor_call(tree_, id), read_, largest_, name)});
  spend(16 * group.tensors.back().view.shape.size());
}

// The state of an nn.Module, or of any object of a TorchScript archive; null for other values.
const Value* Collector::module_state(const Value& value) {
  if (value.kind != Kind::object) return nullptr;
  const Value* state = &tree_[value.state];
  if (state->kind == Kind::tuple && !state->items.empty()) state = &tree_[state->items[0]];
  if (state->kind != Kind::dict) return nullptr;
  if (out_.format == "torchscript") return state;
  spend(state->items.size());  // many objects may share one state
  for (size_t i = 0; i + 1 < state->items.size(); i += 2) {
    if (text_of(tree_[state->items[i]]) == "_modules") return state;
  }
  return nullptr;
}

// The group of a dictionary or list comes before those inside it. Each is looked at once, however often it is named.
void Collector::walk(Id id, const std::string& path, int depth) {
  if (depth > max_depth) throw Error("is nested more than 64 deep").hint(torch_save_hint);
  const Value& value = tree_[id];
  // torch::pickle_save of LibTorch: a value and its type in words.
  const bool tagged = value.kind == Kind::call && tree_[value.of].text == "torch.jit._pickle.restore_type_tag";
  if (tagged && !tree_[value.arguments].items.empty()) {
    return walk(tree_[value.arguments].items[0], path, depth + 1);
  }
  if (seen_[id]) return;
  seen_[id] = true;
  if (const Value* state = module_state(value)) {
    TensorGroup group{path, {}};
    walk_module(*state, "", group, depth);
    if (!group.tensors.empty()) out_.groups.push_back(std::move(group));
    return;
  }
  if (value.kind == Kind::object && value.state != 0) walk(value.state, path, depth + 1);
  if (value.kind != Kind::list && value.kind != Kind::tuple && value.kind != Kind::dict && value.kind != Kind::object) {
    return;
  }
  const Members entries = members(value);
  TensorGroup group{path, {}};
  for (const auto& [key, member] : entries) {
    if (is_tensor(member)) add(group, key, member);
  }
  if (!group.tensors.empty()) {
    spend(path.size());
    out_.groups.push_back(std::move(group));
  }
  for (const auto& [key, member] : entries) {
    const Kind kind = tree_[member].kind;
    if (kind >= Kind::list && !is_tensor(member)) walk(member, joined(path, key), depth + 1);
  }
}

// As state_dict() names and orders them: parameters, buffers, then the modules inside. TorchScript keeps all three as
// attributes.
void Collector::walk_module(const Value& state, const std::string& prefix, TensorGroup& group, int depth) {
  if (depth > max_depth) throw Error("is nested more than 64 deep").hint(torch_save_hint);
  const auto walk_members = [&](const Value& dictionary, const std::vector<std::string>& skipped) {
    for (const auto& [key, member] : members(dictionary)) {
      if (std::find(skipped.begin(), skipped.end(), key) != skipped.end()) continue;
      if (is_tensor(member)) {
        add(group, joined(prefix, key), member);
      } else if (!seen_[member]) {
        seen_[member] = true;
        if (const Value* inner = module_state(tree_[member])) {
          walk_module(*inner, joined(prefix, key), group, depth + 1);
        }
      }
    }
  };
  if (out_.format == "torchscript") return walk_members(state, {});
  const Members entries = members(state);
  const auto entry = [&](std::string_view name) -> const Value& {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& e) { return e.first == name; });
    return tree_[found == entries.end() ? 0 : found->second];
  };
  // Buffers that are not part of a state_dict: a call of set() with a list of their names.
  std::vector<std::string> transient;
  if (const Value& set = entry("_non_persistent_buffers_set"); set.kind == Kind::set) {
    for (Id name : set.items) transient.push_back(key_text(name).value_or(""));
  }
  for (const char* name : {"_parameters", "_buffers", "_modules"}) {
    const Value& dictionary = entry(name);
    if (dictionary.kind == Kind::dict) walk_members(dictionary, transient);
  }
}

void Collector::read_metadata(const Value& root) {
  for (const auto& [key, id] : members(root)) {
    const Value& value = tree_[id];
    if (value.kind == Kind::integer) out_.metadata[key] = std::to_string(value.number);
    if (value.kind == Kind::boolean) out_.metadata[key] = value.number != 0 ? "true" : "false";
    if (value.kind == Kind::real) out_.metadata[key] = shortest(value.real());
    if (const auto text = text_of(value); text && text->size() <= max_scalar_text) out_.metadata[key] = *text;
  }
}

}  // namespace

std::span<const pickle::Callable> torch_callables() {
  static const std::vector<pickle::Callable> callables = [] {
    std::vector<pickle::Callable> list{{"collections.OrderedDict", Kind::dict}, {"collections.defaultdict", Kind::dict},
                                       {"collections.Counter", Kind::dict},     {"collections.deque", Kind::list},
                                       {"__builtin__.set", Kind::set},          {"builtins.set", Kind::set},
                                       {"__builtin__.frozenset", Kind::set},    {"builtins.frozenset", Kind::set}};
    // Of these nothing is used; they stand beside the tensors in checkpoints of training.
    for (std::string_view name : {"torch.Size",
                                  "torch.device",
                                  "torch.serialization._get_layout",
                                  "torch.jit._pickle.restore_type_tag",
                                  "torch.jit._pickle.build_intlist",
                                  "torch.jit._pickle.build_doublelist",
                                  "torch.jit._pickle.build_boollist",
                                  "torch.jit._pickle.build_tensorlist",
                                  "numpy.core.multiarray.scalar",
                                  "numpy._core.multiarray.scalar",
                                  "numpy.core.multiarray._reconstruct",
                                  "numpy._core.multiarray._reconstruct",
                                  "numpy.core.numeric._frombuffer",
                                  "numpy._core.numeric._frombuffer",
                                  "numpy.dtype",
                                  "torch.torch_version.TorchVersion",
                                  "_codecs.encode",
                                  "builtins.complex",
                                  "__builtin__.complex",
                                  "builtins.slice",
                                  "__builtin__.slice",
                                  "builtins.bytearray",
                                  "argparse.Namespace",
                                  "pathlib.PosixPath",
                                  "pathlib.WindowsPath",
                                  "pathlib.PurePosixPath",
                                  "pathlib.PureWindowsPath",
                                  "pathlib._local.PosixPath",
                                  "pathlib._local.WindowsPath",
                                  "functools.partial",
                                  "datetime.datetime",
                                  "datetime.date",
                                  "datetime.timedelta",
                                  "copy_reg._reconstructor",
                                  "copyreg._reconstructor"}) {
      list.push_back({name});
    }
    for (std::string_view name : torch_tensor_callables()) list.push_back({name});
    return list;
  }();
  return callables;
}

void collect_torch_tensors(const Tree& tree, const TorchStorageReader& read, uint64_t file_size, TensorFile& out) {
  Collector(tree, read, file_size, out).run();
}

}  // namespace facerec
