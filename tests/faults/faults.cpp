// Preloaded into a program (LD_PRELOAD) to make the disk or the clock fail under it.
//
//   FAULT_BELOW=DIR      the calls that change something in DIR are counted: open to write, write, sync, truncate,
//                        make, rename, link; those that stdio makes are not
//   FAULT_COUNT=FILE     how many there were is added there, on a line, when the program ends
//   FAULT_AT=N           the N-th of them, and with FAULT_LASTS=1 every later one too,
//   FAULT_AS=ENOSPC      fails as ENOSPC, EIO or EROFS do; VANISH: DIR is removed before it
//   FAULT_CLOCK=1        the clock of the day jumps by up to ten years, back and forth, each time that it is asked
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

namespace {

template <class Function>
Function* next(const char* name, Function* /*like*/) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// The function of this name that would be called without this library.
#define REAL(name)                                \
  ([] {                                           \
    static auto* const real = next(#name, &name); \
    return real;                                  \
  }())

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::atomic<long> changes{0};

struct Plan {
  std::string below = setting("FAULT_BELOW"), count = setting("FAULT_COUNT"), as = setting("FAULT_AS");
  long at = std::atol(setting("FAULT_AT").c_str());
  bool lasts = !setting("FAULT_LASTS").empty(), clock = !setting("FAULT_CLOCK").empty();

  ~Plan() {
    if (count.empty()) return;
    const std::string text = std::to_string(changes) + "\n";
    const int file = REAL(open)(count.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (REAL(write)(file, text.data(), text.size()) < 0) std::abort();
    REAL(close)(file);
  }
};

const Plan& plan() {
  static const Plan the_plan;
  return the_plan;
}

[[gnu::constructor]] void begin() { plan(); }

void remove(const std::string& folder) {
  const char* const arguments[] = {"rm", "-rf", folder.c_str(), nullptr};
  char* const nothing[] = {nullptr};
  pid_t process = 0;
  if (posix_spawn(&process, "/bin/rm", nullptr, nullptr, const_cast<char* const*>(arguments), nothing) == 0) {
    waitpid(process, nullptr, 0);
  }
}

// Whether this change fails; errno is set then.
bool fails(std::string_view path) {
  const Plan& p = plan();
  if (p.below.empty() || !path.starts_with(p.below)) return false;
  const long number = ++changes;
  if (p.at == 0 || number < p.at || (number > p.at && !p.lasts)) return false;
  if (p.as == "VANISH") {
    if (number == p.at) remove(p.below);
    return false;
  }
  errno = p.as == "EIO" ? EIO : p.as == "EROFS" ? EROFS : ENOSPC;
  return true;
}

std::string path_of(int file) {
  char path[4096];
  const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : "";
}

std::string path_at(int folder, const char* path) {
  if (path[0] == '/') return path;
  char here[4096];
  const std::string base = folder == AT_FDCWD ? (getcwd(here, sizeof here) != nullptr ? here : "") : path_of(folder);
  return base + "/" + path;
}

bool open_fails(int folder, const char* path, int flags) {
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) == 0) return false;
  return fails(path_at(folder, path));
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

long jump() {
  static std::atomic<unsigned> asked{0};
  constexpr long day = 86400, jumps[] = {0, day, -day, 365 * day, -40 * day, 3650 * day, -3650 * day, 3600};
  return plan().clock ? jumps[asked++ % std::size(jumps)] : 0;
}

}  // namespace

#define OPEN(name)                                    \
  int name(const char* path, int flags, ...) {        \
    va_list arguments;                                \
    va_start(arguments, flags);                       \
    const mode_t mode = mode_of(flags, arguments);    \
    va_end(arguments);                                \
    if (open_fails(AT_FDCWD, path, flags)) return -1; \
    return REAL(name)(path, flags, mode);             \
  }

#define OPENAT(name)                                       \
  int name(int folder, const char* path, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = mode_of(flags, arguments);         \
    va_end(arguments);                                     \
    if (open_fails(folder, path, flags)) return -1;        \
    return REAL(name)(folder, path, flags, mode);          \
  }

#define OF_FILE(type, name, parameters, call) \
  type name parameters {                      \
    if (fails(path_of(file))) return -1;      \
    return REAL(name) call;                   \
  }

#define OF_PATH(name, parameters, folder, path, call) \
  int name parameters noexcept {                      \
    if (fails(path_at(folder, path))) return -1;      \
    return REAL(name) call;                           \
  }

extern "C" {
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
OF_FILE(ssize_t, write, (int file, const void* bytes, size_t size), (file, bytes, size))
OF_FILE(ssize_t, writev, (int file, const iovec* parts, int count), (file, parts, count))
OF_FILE(ssize_t, pwrite, (int file, const void* bytes, size_t size, off_t at), (file, bytes, size, at))
OF_FILE(ssize_t, pwrite64, (int file, const void* bytes, size_t size, off64_t at), (file, bytes, size, at))
OF_FILE(int, fsync, (int file), (file))
OF_FILE(int, fdatasync, (int file), (file))
int ftruncate(int file, off_t size) noexcept { return fails(path_of(file)) ? -1 : REAL(ftruncate)(file, size); }
int ftruncate64(int file, off64_t size) noexcept { return fails(path_of(file)) ? -1 : REAL(ftruncate64)(file, size); }
OF_PATH(mkdir, (const char* path, mode_t mode), AT_FDCWD, path, (path, mode))
OF_PATH(rename, (const char* from, const char* to), AT_FDCWD, to, (from, to))
OF_PATH(link, (const char* from, const char* to), AT_FDCWD, to, (from, to))
OF_PATH(symlink, (const char* from, const char* to), AT_FDCWD, to, (from, to))
int unlink(const char* path) noexcept {
  const bool needs_no_space = plan().as == "ENOSPC";
  return !needs_no_space && fails(path_at(AT_FDCWD, path)) ? -1 : REAL(unlink)(path);
}
OF_PATH(renameat, (int from_in, const char* from, int to_in, const char* to), to_in, to, (from_in, from, to_in, to))
OF_PATH(renameat2, (int from_in, const char* from, int to_in, const char* to, unsigned flags), to_in, to,
        (from_in, from, to_in, to, flags))

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const int result = REAL(clock_gettime)(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += jump();
  return result;
}

int gettimeofday(timeval* __restrict now, void* __restrict zone) noexcept {
  const int result = REAL(gettimeofday)(now, zone);
  now->tv_sec += jump();
  return result;
}

time_t time(time_t* result) noexcept {
  const time_t now = REAL(time)(nullptr) + jump();
  if (result != nullptr) *result = now;
  return now;
}
}
