#include "io/pickle.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_map>

#include "facerec/core/error.h"
#include "facerec/core/text.h"

namespace facerec::pickle {
namespace {

constexpr uint32_t max_values = 1 << 21;  // values, elements on the stack, entries of the memo
constexpr size_t max_marks = 4096;        // a mark a level of nesting
constexpr size_t max_name = 1024;         // of a global

constexpr Id none = 0, no = 1, yes = 2, empty_tuple = 3;

}  // namespace

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::span<const Callable> callables, uint64_t base)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), callables_(callables), base_(base) {
    make(Kind::none);
    make(Kind::boolean);
    tree_.values_[make(Kind::boolean)].number = 1;
    make(Kind::tuple);
  }

  Tree run() {
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

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error("is a damaged Python pickle: " + what)
        .hint("it may not have arrived whole: get it again")
        .offset(base_ + opcode_);
  }

  // ---- Bytes
  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - position_) fail("it ends too early");
    position_ += count;
    return bytes_.substr(position_ - count, count);
  }

  uint64_t little(size_t count) {
    uint64_t value = 0;
    std::memcpy(&value, take(count).data(), count);
    return value;
  }

  std::string_view line() {
    const size_t end = bytes_.find('\n', position_);
    if (end == std::string_view::npos) fail("it ends too early");
    const std::string_view text = take(end - position_);
    take(1);
    return text;
  }

  // ---- Values and the stack
  Id make(Kind kind) {
    if (tree_.values_.size() >= max_values) fail("it has more than 2 million values");
    tree_.values_.emplace_back().kind = kind;
    return tree_.size() - 1;
  }

  Value& at(Id id) { return tree_.values_[id]; }

  void push(Id id) {
    if (stack_.size() >= max_values) fail("it has more than 2 million values");
    stack_.push_back(id);
  }

  void push_number(Kind kind, int64_t value) {
    const Id id = make(kind);
    at(id).number = value;
    push(id);
  }

  void push_text(Kind kind, std::string_view text) {
    if (kind == Kind::text && !is_utf8(text)) fail("a text is not UTF-8");
    const Id id = make(kind);
    at(id).text = text;
    push(id);
  }

  void push_items(Kind kind, std::vector<Id> items) {
    const Id id = make(kind);
    at(id).items = std::move(items);
    push(id);
  }

  // What lies below the last mark is out of reach.
  Id top() {
    if (stack_.size() == (marks_.empty() ? 0 : marks_.back())) fail("its stack is empty");
    return stack_.back();
  }

  Id pop() {
    const Id id = top();
    stack_.pop_back();
    return id;
  }

  std::vector<Id> pop_to_mark() {
    if (marks_.empty()) fail("it has no mark on its stack");
    std::vector<Id> items(stack_.begin() + static_cast<ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }

  std::vector<Id> pop_count(size_t count) {
    std::vector<Id> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }

  // ---- Opcodes, by what they are about; each says whether it knows `op`
  bool number(uint8_t op);
  bool string(uint8_t op);
  bool container(uint8_t op);
  bool object(uint8_t op);
  bool memo(uint8_t op);

  void text_integer(std::string_view digits);
  void long_integer(std::string_view bytes);
  void quoted(std::string_view text);
  void put_items(Kind kind, const std::vector<Id>& items);
  void check_keys(const std::vector<Id>& items);
  void reduce();
  void new_object();
  void build();
  void store(uint64_t key, Id id);
  void load(uint64_t key);

  std::string_view bytes_;
  std::span<const Callable> callables_;
  uint64_t base_;
  uint64_t position_ = 0, opcode_ = 0;
  Tree tree_;
  std::vector<Id> stack_;
  std::vector<size_t> marks_;
  uint64_t copied_ = 0;                    // elements copied by reduce()
  std::unordered_map<uint64_t, Id> memo_;  // never an array: the file says what its keys are
};

bool Machine::number(uint8_t op) {
  switch (op) {
    case 'N': push(none); return true;
    case 0x88: push(yes); return true;
    case 0x89: push(no); return true;
    case 'K': push_number(Kind::integer, static_cast<int64_t>(little(1))); return true;
    case 'M': push_number(Kind::integer, static_cast<int64_t>(little(2))); return true;
    case 'J': push_number(Kind::integer, static_cast<int32_t>(little(4))); return true;
    case 0x8A: long_integer(take(little(1))); return true;
    case 0x8B: long_integer(take(little(4))); return true;  // a negative length is a huge one
    case 'I': {
      const std::string_view digits = line();
      if (digits == "00" || digits == "01") {
        push(digits == "01" ? yes : no);
      } else {
        text_integer(digits);
      }
      return true;
    }
    case 'L': {
      std::string_view digits = line();
      if (digits.ends_with('L')) digits.remove_suffix(1);
      text_integer(digits);
      return true;
    }
    case 'G': push_number(Kind::real, static_cast<int64_t>(__builtin_bswap64(little(8)))); return true;
    case 'F': {
      const std::string_view digits = line();
      double value = 0;
      const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
      if (error != std::errc() || end != digits.end()) fail("a number is not one");
      push_number(Kind::real, std::bit_cast<int64_t>(value));
      return true;
    }
    default: return false;
  }
}

void Machine::text_integer(std::string_view digits) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
  if (error != std::errc() || end != digits.end()) fail("an integer is not one, or beyond 64 bits");
  push_number(Kind::integer, value);
}

void Machine::long_integer(std::string_view bytes) {
  if (bytes.size() > sizeof(int64_t)) return push_text(Kind::big, bytes);
  const bool negative = !bytes.empty() && static_cast<int8_t>(bytes.back()) < 0;
  int64_t value = negative ? -1 : 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  push_number(Kind::integer, value);
}

bool Machine::string(uint8_t op) {
  switch (op) {
    case 'X': push_text(Kind::text, take(little(4))); return true;
    case 0x8C: push_text(Kind::text, take(little(1))); return true;
    case 0x8D: push_text(Kind::text, take(little(8))); return true;
    case 'T':
    case 'B': push_text(Kind::bytes, take(little(4))); return true;
    case 'U':
    case 'C': push_text(Kind::bytes, take(little(1))); return true;
    case 0x8E:
    case 0x96: push_text(Kind::bytes, take(little(8))); return true;
    case 'S': quoted(line()); return true;
    case 'V': {
      const std::string_view text = line();
      if (text.find('\\') != std::string_view::npos) fail("a text of protocol 0 has an escape");
      push_text(Kind::text, text);
      return true;
    }
    default: return false;
  }
}

// A str as Python 2's repr writes it.
void Machine::quoted(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back() || (text[0] != '\'' && text[0] != '"'))
    fail("a text has no quotes");
  text = text.substr(1, text.size() - 2);
  std::string& result = tree_.strings_.emplace_back();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    constexpr std::string_view names = "nrt\\'\"", meanings = "\n\r\t\\'\"";
    const char name = ++i < text.size() ? text[i] : '\0';
    uint8_t code = 0;
    if (const size_t known = names.find(name); known != std::string_view::npos) {
      result += meanings[known];
    } else if (name == 'x' && text.size() - i > 2 &&
               std::from_chars(&text[i + 1], &text[i] + 3, code, 16).ptr == &text[i] + 3) {
      result += static_cast<char>(code);
      i += 2;
    } else {
      fail("a text has an unknown escape");
    }
  }
  push_text(Kind::bytes, result);
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

void Machine::reduce() {
  const Id arguments = pop(), callee = pop();
  if (at(callee).kind != Kind::global) fail("it calls something that is not a global");
  if (at(arguments).kind != Kind::tuple) fail("arguments are not a tuple");
  const std::string_view name = at(callee).text;
  const auto found =
      std::find_if(callables_.begin(), callables_.end(), [&](const Callable& c) { return c.name == name; });
  if (found == callables_.end()) {
    throw Error("calls '" + printable(name) + "' when it is opened in Python, which is not done here")
        .offset(base_ + opcode_);
  }
  const Id id = make(found->makes);
  push(id);
  if (found->makes == Kind::call) {
    at(id).of = callee;
    at(id).arguments = arguments;
    return;
  }
  // A copy of the argument, which counts as values do: it may be named again and again.
  if (at(arguments).items.empty()) return;
  const Value& from = at(at(arguments).items[0]);
  copied_ += from.items.size();
  if (copied_ > max_values) fail("it has more than 2 million values");
  const bool sequence = from.kind == Kind::list || from.kind == Kind::tuple || from.kind == Kind::set;
  if (from.kind == found->makes || (sequence && found->makes != Kind::dict)) {
    at(id).items = from.items;
  } else if (sequence) {
    for (Id pair : from.items) {
      if (at(pair).items.size() != 2) fail("a dictionary is made from something other than pairs");
      put_items(Kind::dict, at(pair).items);
    }
  }
}

void Machine::new_object() {
  const Id arguments = pop(), type = pop();
  if (at(type).kind != Kind::global && at(type).kind != Kind::persistent) fail("an object's class is not a global");
  if (at(arguments).kind != Kind::tuple || !at(arguments).items.empty()) {
    throw Error("makes an object of '" + printable(at(type).text) + "' with arguments, which is not done here")
        .offset(base_ + opcode_);
  }
  const Id id = make(Kind::object);
  at(id).of = type;
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
