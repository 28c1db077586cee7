#include <fmt/format.h>
#include <glob.h>
#include <re2/re2.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/texts.h"
#include "data/image_files.h"
#include "data/lists.h"
#include "data/views.h"
#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/data/pairs.h"
#include "facerec/recognize/embedding_file.h"

namespace facerec {
namespace {

constexpr uint64_t longest_list = uint64_t{1} << 36;

// From its descriptor: a socket cannot be opened by the name /dev/stdin.
std::string read_standard_input() {
  std::string text;
  std::vector<char> buffer(size_t{1} << 16);
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n == 0) return text;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("cannot be read: " + std::generic_category().message(errno)).file("standard input");
    text.append(buffer.data(), static_cast<size_t>(n));
    if (text.size() > longest_list) throw Error("is longer than any list that is read here").file("standard input");
  }
}

// Single images, whose paths do not tell who is in them.
class ListedImages final : public ImageFiles {
 public:
  explicit ListedImages(const fs::path& root) : ImageFiles(root) { add_class(""); }
  using ImageFiles::add;
  void add(std::string_view path) { ImageFiles::add(path, 0); }
  bool has_name(int64_t) const override { return false; }
};

bool is_glob(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

// Ended by NUL bytes where there is one, else by line ends; without empty ones.
std::shared_ptr<ListedImages> images_named_in(const std::string& text, const fs::path& root) {
  const bool by_nul = text.find('\0') != std::string::npos;
  auto images = std::make_shared<ListedImages>(root);
  for (size_t begin = text.starts_with("\xEF\xBB\xBF") ? 3 : 0; begin < text.size();) {
    const size_t end = std::min(text.find(by_nul ? '\0' : '\n', begin), text.size());
    std::string_view path = std::string_view(text).substr(begin, end - begin);
    if (!by_nul && path.ends_with('\r')) path.remove_suffix(1);
    if (!path.empty()) images->add(path);
    begin = end + 1;
  }
  return images;
}

// Whether a text file has paths alone, one a line, and no labels behind them; told by its first line.
bool has_paths_alone(const std::string& text) {
  const size_t begin = std::min(text.find_first_not_of("\r\n"), text.size());
  const std::string_view line = std::string_view(text).substr(begin, text.find_first_of("\r\n", begin) - begin);
  return line.find('\t') == std::string_view::npos && has_image_extension(std::string(line));
}

// "a/**/b*.jpg" as an expression for whole paths.
std::string expression_of(const std::string& glob) {
  std::string expression;
  for (size_t i = 0; i < glob.size(); ++i) {
    if (glob.compare(i, 3, "**/") == 0) {
      expression += "(?:.*/)?";
      i += 2;
    } else if (glob.compare(i, 2, "**") == 0) {
      expression += ".*";
      ++i;
    } else if (const size_t end = glob.find(']', i + 2); glob[i] == '[' && end != std::string::npos) {
      std::string set = glob.substr(i, end - i + 1);
      if (set[1] == '!') set[1] = '^';
      expression += set;
      i = end;
    } else {
      expression += glob[i] == '*' ? "[^/]*" : glob[i] == '?' ? "[^/]" : re2::RE2::QuoteMeta(glob.substr(i, 1));
    }
  }
  return expression;
}

// What the system's globs lack: ** for folders at any depth.
std::vector<std::string> images_below(const std::string& glob, const EmbedInput& input) {
  const size_t folder_end = glob.rfind('/', glob.find_first_of("*?["));
  const std::string folder = folder_end == std::string::npos ? "." : glob.substr(0, folder_end + 1);
  const size_t shown = folder == "." ? 2 : 0;  // "./a.jpg" is a.jpg
  const re2::RE2 expression(expression_of(glob), re2::RE2::Latin1);
  if (!expression.ok()) throw Error::usage("is not a glob: " + expression.error()).file(glob);
  const std::shared_ptr<Dataset> tree = open_image_tree(folder, input.label, input.where);
  std::vector<std::string> names;
  for (int64_t i = 0; i < tree->size(); ++i) {
    std::string name = tree->name(i).substr(shown);
    if (re2::RE2::FullMatch(name, expression)) names.push_back(std::move(name));
  }
  return names;
}

// In byte order.
std::vector<std::string> matches_of(const std::string& pattern, const EmbedInput& input) {
  if (pattern.find("**") != std::string::npos) return images_below(pattern, input);
  glob_t found{};
  struct Free {
    glob_t& found;
    ~Free() { ::globfree(&found); }
  } free{found};
  const int failure = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
  if (failure != 0 && failure != GLOB_NOMATCH) throw Error::usage("cannot be searched for").file(pattern);
  std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  std::ranges::sort(paths);
  return paths;
}

class Inputs {
 public:
  Inputs(const EmbedInput& input, Problems& problems) : input_(input), problems_(problems) {}

  void add(const std::string& path) {
    std::error_code code;
    if (path == "-") {
      add_set(images_named_in(read_standard_input(), input_.root));
    } else if (is_glob(path) && !fs::exists(path, code) && data_format(path).empty()) {
      add_matches(path);
    } else {
      add_path(path);
    }
  }

  std::shared_ptr<const Dataset> take() {
    close_list();
    return std::move(all_);
  }

 private:
  void add_matches(const std::string& pattern) {
    const std::vector<std::string> paths = matches_of(pattern, input_);
    if (paths.empty()) throw Error::usage("matches nothing").file(pattern);
    for (const std::string& path : paths) add_path(path);
  }

  void add_path(const std::string& path) {
    std::error_code code;
    if (fs::is_regular_file(path, code) && has_image_extension(path)) {
      if (!list_) list_ = std::make_shared<ListedImages>("");
      list_->add(path);
    } else {
      add_set(open(path));
    }
  }

  std::shared_ptr<const Dataset> open(const std::string& path) {
    const std::string format = data_format(path);
    std::error_code code;
    if (format.empty() && !fs::exists(path, code)) {
      throw Error::usage("does not exist").file(path).hint("a glob needs quotes only where ** stands in it");
    }
    if (format == "folder" || format == "cfp" || format.empty()) {
      return open_image_tree(path, input_.label, input_.where);
    }
    if (format == "bin" || format == "bcolz") return open_evaluation_sets(path, "", "", false).front().images;
    if (format == "list") {
      const std::string text = read_text(path, longest_list);
      const fs::path beside = fs::path(path).parent_path();
      if (has_paths_alone(text)) return images_named_in(text, input_.root.empty() ? beside : fs::path(input_.root));
    }
    const std::string absolute = input_.root.empty() ? path : fs::absolute(path).string();
    return open_images({absolute, 1.0, input_.label, input_.where, input_.columns}, input_.root, problems_);
  }

  void add_set(std::shared_ptr<const Dataset> set) {
    close_list();
    all_->add(std::move(set));
  }

  void close_list() {
    if (list_) all_->add(std::move(list_));
    list_.reset();
  }

  const EmbedInput& input_;
  Problems& problems_;
  std::shared_ptr<JoinedDataset> all_ = std::make_shared<JoinedDataset>(false);
  std::shared_ptr<ListedImages> list_;  // images that are named one by one, so far
};

}  // namespace

std::shared_ptr<const Dataset> open_embed_input(const EmbedInput& input, Problems& problems) {
  Inputs inputs(input, problems);
  for (const std::string& path : input.paths) inputs.add(path);
  std::shared_ptr<const Dataset> images = inputs.take();
  if (images->size() == 0) throw Error::usage("no image is named").hint("facerec embed --help shows what may be named");
  if (images->size() > INT64_C(4'000'000'000)) throw Error::usage("more than 4 billion images").hint("cut the input");
  return images;
}

}  // namespace facerec
