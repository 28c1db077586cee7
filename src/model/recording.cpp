#include "model/recording.h"

#include <ATen/record_function.h>
#include <c10/util/ScopeExit.h>

#include <algorithm>
#include <unordered_map>

#include "facerec/core/error.h"
#include "facerec/model/weights.h"

namespace facerec {
namespace {

using torch::Tensor;

// Listens to LibTorch's profiling hooks, on this thread. Exceptions must not leave a hook: LibTorch would only log
// them.
class Recorder {
 public:
  explicit Recorder(const torch::nn::Module& network) {
    for (const auto& [key, tensor] : state_dict(network)) add_constant(tensor, key);
  }

  Recording run(const Forward& forward, const Tensor& input) {
    recording_.input = add(input, true);
    current = this;
    const at::CallbackHandle handle = at::addThreadLocalCallback(at::RecordFunctionCallback(start, end)
                                                                     .needsInputs(true)
                                                                     .needsOutputs(true)
                                                                     .scopes({at::RecordScope::FUNCTION}));
    {
      const auto stop = c10::make_scope_exit([&] { at::removeCallback(handle); });
      const Tensor output = forward(input);
      if (problem_.empty()) recording_.output = value_of(output);
    }
    if (!problem_.empty()) throw Error("the network cannot be written as a graph: " + problem_);
    return std::move(recording_);
  }

 private:
  using Holder = c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

  struct Known {
    int value;
    uint32_t version;  // changes with every change in place, through whatever view
    Holder holder;     // the address is not given away again, though the memory of its numbers is
  };

  struct Outermost final : at::ObserverContext {};

  static uint32_t version_of(const Tensor& tensor) { return tensor.is_inference() ? 0 : tensor._version(); }

  int add(const Tensor& tensor, bool depends_on_input) {
    const int value = static_cast<int>(recording_.values.size());
    recording_.values.push_back({tensor.sizes().vec(), depends_on_input ? Tensor() : tensor, ""});
    known_.insert_or_assign(tensor.unsafeGetTensorImpl(),
                            Known{value, version_of(tensor), Holder(tensor.getIntrusivePtr())});
    return value;
  }

  int add_constant(const Tensor& tensor, const std::string& key) {
    const int value = add(tensor, false);
    recording_.values.back().key = key;
    return value;
  }

  int value_of(const Tensor& tensor) {
    if (!tensor.defined()) return no_value;
    const auto found = known_.find(tensor.unsafeGetTensorImpl());
    if (found == known_.end()) return add_constant(tensor, "");
    if (found->second.version != version_of(tensor)) problem_ = "a tensor is used after a change through a view of it";
    return found->second.value;
  }

  std::vector<int> values_of(const c10::IValue& value) {
    std::vector<int> values;
    if (value.isTensor()) return {value_of(value.toTensor())};
    if (value.isOptionalTensorList()) {
      for (const auto& tensor : value.toOptionalTensorVector()) values.push_back(tensor ? value_of(*tensor) : no_value);
      return values;
    }
    for (const Tensor& tensor : value.toTensorVector()) values.push_back(value_of(tensor));
    return values;
  }

  static bool holds_tensors(const c10::IValue& value) {
    return value.isTensor() || value.isTensorList() || value.isOptionalTensorList();
  }

  static std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& call) {
    const at::DisableRecordFunctionGuard not_what_is_called_here;
    const auto schema = call.operator_schema();
    if (!schema) return nullptr;  // a range of the profiler, no operator
    if (current->depth_++ == 0) current->guard([&] { current->begin(*schema, call.inputs()); });
    return std::make_unique<Outermost>();
  }

  static void end(const at::RecordFunction& call, at::ObserverContext* context) {
    const at::DisableRecordFunctionGuard not_what_is_called_here;
    if (context == nullptr || --current->depth_ > 0) return;
    current->guard([&] { current->finish(call.outputs()); });
  }

  template <class Body>
  void guard(const Body& body) {
    if (!problem_.empty()) return;  // what was begun may not be there to be finished
    try {
      body();
    } catch (const std::exception& failure) {
      problem_ = failure.what();
    }
  }

  void begin(const c10::FunctionSchema& schema, c10::ArrayRef<const c10::IValue> inputs) {
    RecordedOperator& op = recording_.operators.emplace_back();
    op.name = schema.name().substr(schema.name().find("::") + 2);
    if (op.name.ends_with('_')) op.name.pop_back();
    for (size_t i = 0; i < inputs.size(); ++i) {
      RecordedArgument& argument = op.arguments.emplace_back();
      argument.name = schema.arguments()[i].name();
      if (holds_tensors(inputs[i])) {
        argument.values = values_of(inputs[i]);
      } else {
        argument.constant = inputs[i];
      }
    }
  }

  void finish(const std::vector<c10::IValue>& outputs) {
    RecordedOperator& op = recording_.operators.back();
    const bool depends_on_input = std::any_of(op.arguments.begin(), op.arguments.end(), [this](const auto& argument) {
      return std::any_of(argument.values.begin(), argument.values.end(), [this](int value) {
        return value != no_value && !recording_.values[static_cast<size_t>(value)].constant.defined();
      });
    });
    for (const c10::IValue& output : outputs) {
      if (!holds_tensors(output)) continue;
      for (const Tensor& tensor :
           output.isTensor() ? std::vector<Tensor>{output.toTensor()} : output.toTensorVector()) {
        op.outputs.push_back(output_of(tensor, depends_on_input));
        if (depends_on_input && tensor.defined() && tensor.scalar_type() != torch::kFloat32) {
          problem_ = op.name + " gives a tensor of type " + torch::toString(tensor.scalar_type());
        }
      }
    }
  }

  int output_of(const Tensor& tensor, bool depends_on_input) {
    if (!tensor.defined()) return no_value;
    const auto found = known_.find(tensor.unsafeGetTensorImpl());
    const bool as_it_was = found != known_.end() && found->second.version == version_of(tensor);
    return as_it_was ? found->second.value : add(tensor, depends_on_input);
  }

  static thread_local Recorder* current;

  Recording recording_;
  std::unordered_map<c10::TensorImpl*, Known> known_;
  int depth_ = 0;
  std::string problem_;
};

thread_local Recorder* Recorder::current = nullptr;

Error depends_on_batch(const std::string& what) {
  return Error("the network cannot be written as a graph: " + what + " depends on the size of the batch");
}

// These are told by the shape of what they give, not by their arguments.
bool gives_a_shape(const std::string& name) {
  return name == "view" || name == "reshape" || name == "expand" || name == "unflatten" || name == "_unsafe_view";
}

bool same(const c10::IValue& a, const c10::IValue& b) {
  if (a.isInt() && b.isInt()) return a.toInt() == b.toInt();
  if (a.isIntList() && b.isIntList()) return a.toIntVector() == b.toIntVector();
  if (a.isDouble() && b.isDouble()) return a.toDouble() == b.toDouble();
  return a.tagKind() == b.tagKind();
}

void check_same(const RecordedOperator& a, const RecordedOperator& b) {
  bool equal = a.name == b.name && a.arguments.size() == b.arguments.size() && a.outputs == b.outputs;
  for (size_t i = 0; equal && i < a.arguments.size(); ++i) {
    equal = a.arguments[i].values == b.arguments[i].values &&
            (gives_a_shape(a.name) || same(a.arguments[i].constant, b.arguments[i].constant));
  }
  if (!equal) throw depends_on_batch(a.name);
}

// Marks in `a` what differs in `b`.
void merge(Recording& a, const Recording& b) {
  if (a.operators.size() != b.operators.size() || a.values.size() != b.values.size()) {
    throw depends_on_batch("the list of operators");
  }
  for (size_t i = 0; i < a.operators.size(); ++i) check_same(a.operators[i], b.operators[i]);
  for (size_t i = 0; i < a.values.size(); ++i) {
    RecordedValue& value = a.values[i];
    const std::vector<int64_t>& other = b.values[i].shape;
    if (value.shape.size() != other.size()) throw depends_on_batch("a rank");
    if (value.constant.defined() && value.key.empty() && value.shape == other &&
        !torch::equal(value.constant, b.values[i].constant)) {
      throw depends_on_batch("a constant");
    }
    for (size_t d = 0; d < other.size(); ++d) {
      if (value.shape[d] == other[d]) continue;
      value.shape[d] = -1;
      value.constant.reset();  // such as a class token, repeated for each image
    }
  }
}

bool returns_argument(const RecordedOperator& op) {
  return op.outputs.size() == 1 && op.arguments[0].values == op.outputs;
}

// Keeps what the output is computed from. An operator that returned what it was given, such as dropout in evaluation,
// is none.
void drop_unused(Recording& recording) {
  std::vector<bool> used(recording.values.size());
  used[static_cast<size_t>(recording.output)] = true;
  auto is_used = [&](int value) {
    return value != no_value && used[static_cast<size_t>(value)] &&
           !recording.values[static_cast<size_t>(value)].constant.defined();
  };
  std::vector<RecordedOperator> kept;
  for (size_t i = recording.operators.size(); i-- > 0;) {
    RecordedOperator& op = recording.operators[i];
    if (std::none_of(op.outputs.begin(), op.outputs.end(), is_used) || returns_argument(op)) continue;
    for (const RecordedArgument& argument : op.arguments) {
      for (const int value : argument.values) {
        if (value != no_value) used[static_cast<size_t>(value)] = true;
      }
    }
    kept.push_back(std::move(op));
  }
  recording.operators.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
}

}  // namespace

Recording record(torch::nn::Module& network, const Forward& forward, int64_t height, int64_t width) {
  const c10::InferenceMode tracks_versions(false);
  const torch::NoGradGuard without_gradient;
  const auto mode = c10::make_scope_exit([&, training = network.is_training()] { network.train(training); });
  network.eval();
  const torch::Device device = network.parameters().front().device();
  auto run = [&](int64_t batch) {
    return Recorder(network).run(forward, torch::zeros({batch, 3, height, width}, device));
  };
  Recording recording = run(2);
  merge(recording, run(3));
  drop_unused(recording);
  return recording;
}

Recording record(Backbone& backbone) {
  const Preprocess& image = backbone.spec().preprocess;
  return record(
      backbone, [&](const Tensor& x) { return backbone.forward(x); }, image.height, image.width);
}

const RecordedArgument& RecordedOperator::argument(const std::string& wanted) const {
  for (const RecordedArgument& candidate : arguments) {
    if (candidate.name == wanted) return candidate;
  }
  throw Error("the operator " + name + " has no argument '" + wanted + "'");
}

bool RecordedOperator::has(const std::string& wanted) const {
  return std::any_of(arguments.begin(), arguments.end(), [&](const RecordedArgument& candidate) {
    if (candidate.name != wanted) return false;
    return candidate.values.empty() ? !candidate.constant.isNone() : candidate.values[0] != no_value;
  });
}

int RecordedOperator::tensor(const std::string& wanted) const {
  const RecordedArgument& found = argument(wanted);
  return found.values.empty() ? no_value : found.values[0];
}

int64_t RecordedOperator::integer(const std::string& wanted) const { return argument(wanted).constant.toInt(); }
double RecordedOperator::real(const std::string& wanted) const {
  return argument(wanted).constant.toScalar().toDouble();
}
bool RecordedOperator::flag(const std::string& wanted) const { return argument(wanted).constant.toBool(); }

std::vector<int64_t> RecordedOperator::integers(const std::string& wanted) const {
  const c10::IValue& value = argument(wanted).constant;
  return value.isInt() ? std::vector<int64_t>{value.toInt()} : value.toIntVector();
}

}  // namespace facerec
