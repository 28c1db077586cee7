#include "gallery/sqlite.h"

#include <fmt/format.h>

#include <bit>
#include <system_error>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr int longest_value = 1 << 20;  // bytes of a text or an embedding: none of ours is larger

// Nothing that a file says is executed, whoever wrote it.
void harden(sqlite3* connection) {
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, longest_value);
}

std::string system_reason(sqlite3* connection) {
  const int code = sqlite3_system_errno(connection);
  return code == 0 ? sqlite3_errmsg(connection) : std::generic_category().message(code);
}

Error error_of(int code, sqlite3* connection) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(Error("is locked: another process is writing").hint("wait until it has ended, and call again"));
    case SQLITE_NOTADB: return Error("is no gallery: it is not an SQLite file");
    case SQLITE_CORRUPT:
      return Error(Error(fmt::format("is damaged: {}", sqlite3_errmsg(connection)))
                       .hint("take a copy of it, or enroll the people again into a new file"));
    case SQLITE_READONLY:
    case SQLITE_PERM: return Error("cannot be written: it, or its folder, is read-only");
    case SQLITE_FULL:
      return Error(Error("cannot be written: no space is left").hint("free some space, and call again"));
    case SQLITE_CANTOPEN: return Error("cannot be opened: " + system_reason(connection));
    case SQLITE_NOMEM: return Error("needs more memory than there is");
    default: break;
  }
  switch (code) {
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_TRUNCATE: return Error("cannot be written: " + system_reason(connection));
    case SQLITE_IOERR_SHORT_READ: return Error("is damaged: it ends too early");
    default: return Error(fmt::format("SQLite: {} (code {})", system_reason(connection), code));
  }
}

}  // namespace

Database::Database(const fs::path& file, bool create) : file_(file), connection_(nullptr, sqlite3_close) {
  // Read-only files are opened too: SQLite falls back by itself. A journal that a killed process left needs writing.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
  sqlite3* opened = nullptr;
  // An absolute path is never taken for an option or a URI.
  const int code = sqlite3_open_v2(fs::absolute(file).c_str(), &opened, flags, nullptr);
  connection_.reset(opened);
  sqlite3_extended_result_codes(opened, 1);
  if (code != SQLITE_OK) fail(code);
  harden(opened);
  run("PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
}

void Database::run(const char* sql) const {
  if (const int code = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr); code != SQLITE_OK) fail(code);
}

int64_t Database::number(const char* sql) const {
  Statement statement(*this, sql);
  statement.step();
  return statement.integer(0);
}

void Database::wait_for_others(int milliseconds) const { sqlite3_busy_timeout(get(), milliseconds); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(get()) == 0; }

int64_t Database::last_id() const { return sqlite3_last_insert_rowid(get()); }

void Database::fail(int code) const { throw error_of(code, get()).file(text_of(file_)); }

Statement::Statement(const Database& database, std::string_view sql)
    : database_(database), statement_(nullptr, sqlite3_finalize) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v2(database.get(), sql.data(), static_cast<int>(sql.size()), &prepared, nullptr);
  statement_.reset(prepared);
  check(code);
}

Statement& Statement::bind(int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(statement_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  check(sqlite3_bind_text64(statement_.get(), ++bound_, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(std::span<const float> value) {
  static_assert(std::endian::native == std::endian::little, "embeddings are stored as they lie in memory");
  check(sqlite3_bind_blob64(statement_.get(), ++bound_, value.data(), value.size_bytes(), SQLITE_STATIC));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code);
  return false;
}

void Statement::run() {
  while (step()) {
  }
  sqlite3_reset(statement_.get());
  bound_ = 0;
}

int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

double Statement::real(int column) const { return sqlite3_column_double(statement_.get(), column); }

std::string Statement::text(int column) const {
  const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return begin == nullptr ? std::string()
                          : std::string(begin, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

std::span<const std::byte> Statement::blob(int column) const {
  const void* begin = sqlite3_column_blob(statement_.get(), column);
  return {static_cast<const std::byte*>(begin), static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_.fail(code);
}

}  // namespace facerec
