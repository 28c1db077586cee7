// The stack machine behind pickle::read. Its opcodes are in pickle.cpp, those of numbers and strings in
// pickle_scalars.cpp.
#pragma once

#include <cstring>
#include <unordered_map>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "io/pickle.h"

namespace facerec::pickle {

inline constexpr uint32_t max_values = 1 << 21;  // values, elements on the stack, entries of the memo

inline constexpr Id none = 0, no = 1, yes = 2, empty_tuple = 3;  // every tree begins with these

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::span<const Callable> callables, uint64_t base)
      : bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()), callables_(callables), base_(base) {
    make(Kind::none);
    make(Kind::boolean);
    tree_.values_[make(Kind::boolean)].number = 1;
    make(Kind::tuple);
  }

  Tree run();

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
  const Callable* known(Id callee);
  [[noreturn]] void refuse_call(std::string_view name) const;
  void reduce();
  void copy_items(const Value& from, Value& into);
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
  uint64_t copied_ = 0;                    // elements, by copy_items()
  std::unordered_map<uint64_t, Id> memo_;  // never an array: the file says what its keys are
};

}  // namespace facerec::pickle
