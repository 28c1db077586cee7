// The derived files of a gallery, templates and an index over them: where they lie, when they are stale, how they are
// made.
#pragma once

#include <memory>

#include "facerec/gallery/gallery.h"
#include "facerec/gallery/index.h"
#include "gallery/sqlite.h"

namespace facerec {

// Reads while it lives: no other process changes the gallery.
class ReadLock {
 public:
  explicit ReadLock(const Database& database);
  ~ReadLock();
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;

 private:
  const Database& database_;
  bool outer_;
};

class Templates {
 public:
  // `id`: see read_id(). Beside the file itself, whatever links lead to it: what is removed by one name is searched
  // by another.
  Templates(const fs::path& gallery, const std::string& id, int64_t dimension);

  // Of the gallery as it is now; made where there is none.
  const TemplateMatrix& current(const Database& database);

  // The index over current(); made where there is none.
  const TemplateIndex& index(const Database& database, int threads);

  // Both are damaged: the next call makes them again.
  void distrust();

  // Deletes both wherever they may be, and what killed processes have left of them. No other process makes them
  // meanwhile where the database is locked exclusively. Throws Error when one cannot be deleted.
  void remove();

 private:
  bool open(const fs::path& place, const std::string& state);
  bool make(const fs::path& place, const Database& database, const std::string& state);
  void make_anywhere(const Database& database, const std::string& state);
  bool open_index(const fs::path& place);
  bool make_index(const fs::path& place, int threads);
  void forget();

  std::vector<fs::path> places_;  // without the ending
  int64_t dimension_;
  bool distrusted_ = false, index_distrusted_ = false;
  std::string fault_;  // why the last place took no file
  std::string state_;  // of the gallery when matrix_ was made
  std::unique_ptr<TemplateMatrix> matrix_;
  std::unique_ptr<TemplateIndex> index_;  // over it
};

}  // namespace facerec
