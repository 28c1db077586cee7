#include "io/pickle.h"

#include <algorithm>
#include <charconv>

#include "io/pickle_machine.h"

namespace facerec::pickle {
namespace {

constexpr size_t max_marks = 4096;  // a mark a level of nesting
constexpr size_t max_name = 1024;   // of a global

}  // namespace

Tree Machine::run() {
  for (;;) {
    opcode_ = position_;
    const auto op = static_cast<uint8_t>(take(1)[0]);
    if (op == '.') break;
    if (!number(op) && !string(op) && !container(op) && !object(op) && !memo(op)) {
      fail("opcode " + std::to_string(op) + " is not one of data");
    }
  }
  tree_.root_ = pop();
  tree_.length_ = position_;
  return std::move(tree_);
}

bool Machine::container(uint8_t op) {
  switch (op) {
    case '(':
      if (marks_.size() >= max_marks) fail("it is nested too deeply");
      marks_.push_back(stack_.size());
      return true;
    case '0':
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
      } else {
        pop();
      }
      return true;
    case '1': pop_to_mark(); return true;
    case '2': push(top()); return true;
    case ']': push(make(Kind::list)); return true;
    case '}': push(make(Kind::dict)); return true;
    case 0x8F: push(make(Kind::set)); return true;
    case ')': push(empty_tuple); return true;
    case 'l': push_items(Kind::list, pop_to_mark()); return true;
    case 't': push_items(Kind::tuple, pop_to_mark()); return true;
    case 0x91: push_items(Kind::set, pop_to_mark()); return true;
    case 0x85: push_items(Kind::tuple, pop_count(1)); return true;
    case 0x86: push_items(Kind::tuple, pop_count(2)); return true;
    case 0x87: push_items(Kind::tuple, pop_count(3)); return true;
    case 'd': {
      const std::vector<Id> items = pop_to_mark();
      push(make(Kind::dict));
      put_items(Kind::dict, items);
      return true;
    }
    case 'a': put_items(Kind::list, pop_count(1)); return true;
    case 'e': put_items(Kind::list, pop_to_mark()); return true;
    case 's': put_items(Kind::dict, pop_count(2)); return true;
    case 'u': put_items(Kind::dict, pop_to_mark()); return true;
    case 0x90: put_items(Kind::set, pop_to_mark()); return true;
    default: return false;
  }
}

// Into the container at the top, which must be of `kind`; an object of an unknown class may be a kind of dict.
void Machine::put_items(Kind kind, const std::vector<Id>& items) {
  Value& target = at(top());
  if (target.kind != kind && !(kind == Kind::dict && target.kind == Kind::object)) {
    fail("it puts elements into something that takes none");
  }
  if (kind == Kind::dict) check_keys(items);
  target.items.insert(target.items.end(), items.begin(), items.end());
}

void Machine::check_keys(const std::vector<Id>& items) {
  if (items.size() % 2 != 0) fail("a key has no value");
  for (size_t i = 0; i < items.size(); i += 2) {
    const Kind key = at(items[i]).kind;
    if (key == Kind::list || key == Kind::dict || key == Kind::set) fail("a key is of a kind that cannot be one");
  }
}

bool Machine::object(uint8_t op) {
  switch (op) {
    case 'c':
    case 0x93: {
      std::string_view module, name;
      if (op == 'c') {
        module = line();
        name = line();
      } else {
        const Value &last = at(pop()), &first = at(pop());
        if (first.kind != Kind::text || last.kind != Kind::text) fail("a global's name is not a text");
        module = first.text;
        name = last.text;
      }
      if (module.size() + name.size() > max_name) fail("a global's name is too long");
      tree_.strings_.push_back(std::string(module) + "." + std::string(name));
      push_text(Kind::global, tree_.strings_.back());
      return true;
    }
    case 'R': reduce(); return true;
    case 0x92:
      if (const Value& keywords = at(pop()); keywords.kind != Kind::dict || !keywords.items.empty()) {
        fail("it makes an object with arguments");
      }
      new_object();
      return true;
    case 0x81: new_object(); return true;
    case 'b': build(); return true;
    case 'i': {
      const std::string_view module = line();
      refuse_call(std::string(module.substr(0, max_name)) + "." + std::string(line().substr(0, max_name)));
    }
    case 'o': {
      const std::vector<Id> items = pop_to_mark();
      if (items.empty() || at(items[0]).kind != Kind::global) fail("it makes an object of no class");
      refuse_call(at(items[0]).text);
    }
    case 'Q': {
      const Id tuple = pop();
      if (at(tuple).kind != Kind::tuple) fail("a persistent id is not a tuple");
      const Id id = make(Kind::persistent);
      at(id).of = tuple;
      push(id);
      return true;
    }
    default: return false;
  }
}

const Callable* Machine::known(Id callee) {
  const auto found = std::find_if(callables_.begin(), callables_.end(),
                                  [&](const Callable& callable) { return callable.name == at(callee).text; });
  return found == callables_.end() ? nullptr : &*found;
}

void Machine::refuse_call(std::string_view name) const {
  throw Error("calls '" + printable(name) + "' when it is opened in Python, which is not done here")
      .offset(base_ + opcode_);
}

void Machine::reduce() {
  const Id arguments = pop(), callee = pop();
  if (at(callee).kind != Kind::global) fail("it calls something that is not a global");
  if (at(arguments).kind != Kind::tuple) fail("arguments are not a tuple");
  const Callable* callable = known(callee);
  if (callable == nullptr) refuse_call(at(callee).text);
  const Id id = make(callable->makes);
  push(id);
  if (callable->makes == Kind::call) {
    at(id).of = callee;
    at(id).arguments = arguments;
  } else if (!at(arguments).items.empty()) {
    copy_items(at(at(arguments).items[0]), at(id));
  }
}

// Copies count as values do: one list may be named again and again. What is no container gives nothing (the factory of
// a defaultdict).
void Machine::copy_items(const Value& from, Value& into) {
  copied_ += from.items.size();
  if (copied_ > max_values) fail("it has more than 2 million values");
  const bool sequence = from.kind == Kind::list || from.kind == Kind::tuple || from.kind == Kind::set;
  if (from.kind == into.kind || (sequence && into.kind != Kind::dict)) {
    into.items = from.items;
  } else if (sequence) {
    for (Id pair : from.items) {
      if (at(pair).items.size() != 2) fail("a dictionary is made from something other than pairs");
      put_items(Kind::dict, at(pair).items);
    }
  }
}

// A class that REDUCE may call may have arguments here too; of others only an empty object is made.
void Machine::new_object() {
  const Id arguments = pop(), type = pop();
  if (at(type).kind != Kind::global && at(type).kind != Kind::persistent) fail("an object's class is not a global");
  if (at(arguments).kind != Kind::tuple) fail("arguments are not a tuple");
  const bool plain = at(arguments).items.empty();
  if (!plain && known(type) == nullptr) {
    throw Error("makes an object of '" + printable(at(type).text) + "' with arguments, which is not done here")
        .offset(base_ + opcode_);
  }
  const Id id = make(plain ? Kind::object : Kind::call);
  at(id).of = type;
  at(id).arguments = plain ? none : arguments;
  push(id);
}

void Machine::build() {
  const Id state = pop();
  Value& target = at(top());
  if (target.kind != Kind::object && target.kind != Kind::call && target.kind != Kind::dict) {
    fail("it sets the state of something that has none");
  }
  const Kind kind = at(state).kind;
  if (kind != Kind::dict && kind != Kind::tuple && kind != Kind::list && kind != Kind::none) {
    fail("an object's state is neither a dictionary nor a tuple");
  }
  target.state = state;
}

bool Machine::memo(uint8_t op) {
  const auto text_key = [this] {
    const std::string_view digits = line();
    uint64_t key = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), key);
    if (error != std::errc() || end != digits.end()) fail("a memo's key is not a number");
    return key;
  };
  switch (op) {
    case 'p': store(text_key(), top()); return true;
    case 'q': store(little(1), top()); return true;
    case 'r': store(little(4), top()); return true;
    case 0x94: store(memo_.size(), top()); return true;
    case 'g': load(text_key()); return true;
    case 'h': load(little(1)); return true;
    case 'j': load(little(4)); return true;
    case 0x80:
      if (little(1) > 5) fail("its protocol is unknown");
      return true;
    case 0x95:
      if (little(8) > bytes_.size() - position_) fail("a frame is longer than the file");
      return true;
    default: return false;
  }
}

void Machine::store(uint64_t key, Id id) {
  if (memo_.size() >= max_values) fail("it has more than 2 million values");
  memo_[key] = id;
}

void Machine::load(uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) fail("it takes a value from its memo that is not there");
  push(found->second);
}

Tree read(std::span<const std::byte> bytes, std::span<const Callable> callables, uint64_t base) {
  return Machine(bytes, callables, base).run();
}

}  // namespace facerec::pickle
