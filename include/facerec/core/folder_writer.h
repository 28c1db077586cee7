// A folder that is filled over time, and is whole or absent.
#pragma once

#include "facerec/core/files.h"

namespace facerec {

class FolderWriter {
 public:
  explicit FolderWriter(fs::path path);  // makes temporary(), beside `path`
  ~FolderWriter();                       // without commit() nothing is left
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;

  const fs::path& temporary() const { return temporary_; }  // where its files are written

  // Gives the folder its name; one that has it already is replaced. Throws Error, and `path` is as it was.
  void commit();

 private:
  fs::path path_, temporary_;
};

}  // namespace facerec
