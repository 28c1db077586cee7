// Command-line flags from the one declaration of a configuration.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>

#include "facerec/config/fields.h"

namespace facerec {

class FlagBinder : public Fields {
 public:
  explicit FlagBinder(CLI::App& app) : app_(app) {}

 protected:
  void leaf(const FieldInfo& info, FieldValue value) override;
  // Flags have no levels: a struct that is bound has plain fields only.
  bool begin_section(const FieldInfo&) override { return false; }
  void end_section() override {}
  size_t begin_list(const FieldInfo&, size_t) override { return 0; }
  void begin_item(size_t) override {}
  void end_item() override {}
  void end_list() override {}

 private:
  CLI::App& app_;
};

template <class Config>
void bind_flags(CLI::App& app, Config& config) {
  FlagBinder binder(app);
  describe(binder, config);
}

}  // namespace facerec
