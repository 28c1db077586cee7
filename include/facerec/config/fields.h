// Configuration declared once.
//
// A component owns one plain struct whose members carry their defaults, and one function that names them:
//
//     struct SgdConfig { double lr = 0.1; bool nesterov = false; };
//     inline void describe(Fields& fields, SgdConfig& c) {
//       fields("lr", c.lr, "learning rate at the start", above(0));
//       fields("nesterov", c.nesterov, "Nesterov's momentum");
//     }
//
// Whatever reads, writes, prints or binds a configuration is a Fields and walks that one declaration.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace facerec {

// What a value must satisfy; empty: anything of its type.
struct Rule {
  std::optional<double> min, max;
  bool min_is_excluded = false;
  std::vector<std::string> choices;
};

inline Rule at_least(double min) { return {.min = min, .max = {}, .choices = {}}; }
inline Rule above(double min) { return {.min = min, .max = {}, .min_is_excluded = true, .choices = {}}; }
inline Rule between(double min, double max) { return {.min = min, .max = max, .choices = {}}; }
inline Rule one_of(std::vector<std::string> choices) { return {.min = {}, .max = {}, .choices = std::move(choices)}; }

using Size2 = std::array<int64_t, 2>;  // [width, height]

// A pointer to the member that a field stands for.
using FieldValue = std::variant<bool*, int64_t*, double*, std::string*, Size2*, std::vector<int64_t>*,
                                std::vector<double>*, std::vector<std::string>*, std::map<std::string, std::string>*>;

struct FieldInfo {
  const char* name;
  const char* help;
  Rule rule;
  const char* short_for = nullptr;  // of a section: the field that a single word in its place stands for
};

class Fields {
 public:
  virtual ~Fields() = default;

  void operator()(const char* name, FieldValue value, const char* help, Rule rule = {}) {
    leaf({name, help, std::move(rule)}, value);
  }

  template <class Value>
  void operator()(const char* name, Value& value, const char* help, Rule rule = {}) {
    leaf({name, help, std::move(rule)}, FieldValue(&value));
  }

  // A nested struct with its own describe(). With `short_for`, "name: word" means "name: {short_for: word}".
  template <class Section>
  void section(const char* name, Section& value, const char* help, const char* short_for = nullptr) {
    if (!begin_section({name, help, {}, short_for})) return;
    describe(*this, value);
    end_section();
  }

  // A list of structs. A reader may change its length.
  template <class Item>
  void list(const char* name, std::vector<Item>& items, const char* help) {
    items.resize(begin_list({name, help, {}}, items.size()));
    for (size_t i = 0; i < items.size(); ++i) {
      begin_item(i);
      describe(*this, items[i]);
      end_item();
    }
    end_list();
  }

 protected:
  virtual void leaf(const FieldInfo& info, FieldValue value) = 0;
  virtual bool begin_section(const FieldInfo& info) = 0;  // false: leave it out
  virtual void end_section() = 0;
  virtual size_t begin_list(const FieldInfo& info, size_t size) = 0;  // returns the size to walk
  virtual void begin_item(size_t index) = 0;
  virtual void end_item() = 0;
  virtual void end_list() = 0;
};

}  // namespace facerec
