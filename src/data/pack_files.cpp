// The writers of image files and of lists.
#include <cerrno>
#include <fstream>
#include <system_error>

#include "data/pack_state.h"
#include "data/pack_writer.h"
#include "facerec/core/error.h"

namespace facerec {
namespace {

class FolderWriter : public PackWriter {
 public:
  FolderWriter(const fs::path& folder, bool goes_on) : folder_(folder), part_(folder.string() + ".part") {
    if (!goes_on) fs::remove_all(part_);
    make_folder(part_);
  }

  void append(const PackItem& item) override {
    const fs::path path = part_ / item.path;
    make_folder(path.parent_path());
    errno = 0;
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(item.encoded.data()), static_cast<std::streamsize>(item.encoded.size()));
    file.close();
    if (!file) throw Error("cannot be written: " + std::generic_category().message(errno)).file(text_of(path));
  }

  std::vector<uint64_t> sync() override {
    sync_filesystem(part_);
    return {0};
  }

  void finish() override {
    mark_as_packed(part_);
    fs::remove_all(folder_);
    fs::rename(part_, folder_);
  }

 private:
  fs::path folder_, part_;
};

class ListWriter : public PackWriter {
 public:
  ListWriter(const fs::path& file, uint64_t keep) : file_(file, keep) {}
  void append(const PackItem& item) override { file_.write(item.path + "\t" + std::to_string(item.label) + "\n"); }
  std::vector<uint64_t> sync() override {
    file_.sync();
    return {file_.size()};
  }
  void finish() override { file_.commit(); }

 private:
  GrowingFile file_;
};

}  // namespace

std::unique_ptr<PackWriter> folder_writer(const fs::path& folder, std::span<const uint64_t> sizes) {
  return std::make_unique<FolderWriter>(folder, !sizes.empty());
}

std::unique_ptr<PackWriter> list_writer(const fs::path& file, std::span<const uint64_t> sizes) {
  return std::make_unique<ListWriter>(file, sizes.empty() ? 0 : sizes.front());
}

}  // namespace facerec
