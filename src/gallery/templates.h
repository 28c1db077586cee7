// The derived file of templates: where it lies, when it is stale, how it is made.
#pragma once

#include <memory>

#include "facerec/gallery/gallery.h"
#include "gallery/sqlite.h"

namespace facerec {

// The derived file of a gallery.
class Templates {
 public:
  // `id`: see read_id().
  Templates(const fs::path& gallery, const std::string& id, int64_t dimension);

  // Of the gallery as it is now; made where there is none.
  const TemplateMatrix& current(const Database& database);

  // Deletes it wherever it may be, and what killed processes have left of it. No other process makes it meanwhile where
  // the database is locked exclusively. Throws Error when one cannot be deleted.
  void remove();

 private:
  bool open(const fs::path& place, const std::string& state);
  bool make(const fs::path& place, const Database& database, const std::string& state);
  void make_anywhere(const Database& database, const std::string& state);

  std::vector<fs::path> places_;
  int64_t dimension_;
  std::string state_;  // of the gallery when matrix_ was made
  std::unique_ptr<TemplateMatrix> matrix_;
};

}  // namespace facerec
