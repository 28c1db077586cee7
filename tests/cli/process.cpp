#include "cli/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec::test {
namespace {

std::string temporary_file() {
  std::string path = (fs::temp_directory_path() / "facerec-out-XXXXXX").string();
  const int descriptor = mkstemp(path.data());
  if (descriptor < 0) throw std::runtime_error("no temporary file");
  close(descriptor);
  return path;
}

std::string take(const std::string& path) {
  std::string text = read_text(path);
  fs::remove(path);
  return text;
}

// Of all processes of this test: the user's own is left alone.
const std::string& cache_home() {
  static const TemporaryFolder folder;
  static const std::string path = folder.path();
  return path;
}

void redirect(const std::string& path, int flags, int descriptor) {
  const int file = open(path.c_str(), flags);
  dup2(file, descriptor);
  close(file);
}

[[noreturn]] void become(std::vector<char*>& argv, const Environment& environment, const std::string& out,
                         const std::string& err, const std::string& cache) {
  redirect(environment.standard_input, O_RDONLY, STDIN_FILENO);
  redirect(environment.standard_output.empty() ? out : environment.standard_output, O_WRONLY, STDOUT_FILENO);
  redirect(err, O_WRONLY, STDERR_FILENO);
  setenv("XDG_CACHE_HOME", cache.c_str(), 1);
  for (const auto& [name, value] : environment.variables) setenv(name.c_str(), value.c_str(), 1);
  if (environment.file_size_limit > 0) {
    const auto limit = static_cast<rlim_t>(environment.file_size_limit);
    const rlimit both{limit, limit};
    setrlimit(RLIMIT_FSIZE, &both);
  }
  execv(argv.front(), argv.data());
  _exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const Environment& environment)
    : out_path_(temporary_file()), err_path_(temporary_file()), start_(std::chrono::steady_clock::now()) {
  std::vector<std::string> words{FACEREC_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string& cache = cache_home();
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) become(argv, environment, out_path_, err_path_, cache);
}

void Process::send(int signal) const { kill(pid_, signal); }

Outcome Process::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return {code, take(out_path_), take(err_path_), seconds};
}

Outcome facerec(const std::vector<std::string>& arguments, const Environment& environment) {
  return Process(arguments, environment).wait();
}

std::string small_faces() {
  static const TemporaryFolder folder;
  static const std::string faces = [] {
    const std::string path = folder / "faces";
    const Outcome made =
        facerec({"synth", path, "--identities", "12", "--images-per-identity", "8", "--size", "32", "--pairs", "40"});
    if (made.exit_code != 0) throw std::runtime_error("synth failed: " + made.err);
    return path;
  }();
  return faces;
}

std::string small_config(const std::string& folder, const std::string& more) {
  const std::string path = folder + "/small.yaml";
  write_file(path,
             "data: {train: [{path: " + small_faces() + "/train}], workers: 2}\n" +
                 "model: {name: ir_tiny, embedding_size: 16, input: [32, 32], dropout: 0.2}\n"
                 "head: {scale: 16, margin: 0.2}\n"
                 "schedule: {name: cosine, unit: step, warmup: 2}\n"
                 "train: {epochs: 3, batch_size: 16, precision: fp32, memory_format: channels_first, log_every: 1}\n"
                 "checkpoint: {every_steps: 4, keep: 2}\n"
                 "validation: {every_steps: 9, data: [{path: " +
                 small_faces() +
                 "/eval}]}\n"
                 "run: {dir: " +
                 folder + "/runs, device: cpu, threads: 2}\n" + more);
  return path;
}

}  // namespace facerec::test
