// SQLite's C interface, with its errors as Error.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "facerec/core/files.h"

namespace facerec {

// A connection to a file that is not trusted: its schema runs nothing, and what is deleted in it is overwritten.
class Database {
 public:
  explicit Database(const fs::path& file, bool create = false);

  const fs::path& file() const { return file_; }
  sqlite3* get() const { return connection_.get(); }

  void run(const char* sql) const;               // statements without a result
  int64_t number(const char* sql) const;         // the first column of the only row
  void wait_for_others(int milliseconds) const;  // how long a statement waits for another process; then it throws
  bool in_transaction() const;
  int64_t last_id() const;

  // Throws the Error that `code` stands for.
  [[noreturn]] void fail(int code) const;

 private:
  fs::path file_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> connection_;
};

// Texts and embeddings are bound and read without a copy: they must outlive the step, and are gone after the next.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  Statement& bind(int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view value);
  Statement& bind(std::span<const float> value);  // little-endian float32

  bool step();  // whether there is a row
  void run();   // to the end, and ready to be bound again

  int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  std::span<const std::byte> blob(int column) const;

 private:
  void check(int code) const;

  const Database& database_;
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_;
  int bound_ = 0;
};

}  // namespace facerec
