// Opens a RecordIO set of 17 million images: the first time, which reads all of it, and again, with the index that was
// kept, from the page cache and from the disk. Seconds and the most memory that each takes, in a process of its own.
//
//   record_index [IMAGES]     default 17091657, as many as Glint360K has; takes 128 bytes of disk each, below $TMPDIR
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "data/formats.h"
#include "facerec/core/error.h"
#include "io/recordio.h"

namespace {

using namespace facerec;

constexpr int64_t images_of_glint360k = 17'091'657, identities_of_glint360k = 360'232;

void write_set(const fs::path& folder, int64_t images) {
  const int64_t identities = std::min(images, identities_of_glint360k);
  std::ofstream records(folder / "train.rec", std::ios::binary), index(folder / "train.idx", std::ios::binary);
  const std::vector<std::byte> image(96);
  uint64_t offset = 0;
  const auto put = [&](const RecordHeader& header, std::span<const std::byte> bytes) {
    const std::vector<std::byte> record = make_record(header, bytes);
    records.write(reinterpret_cast<const char*>(record.data()), static_cast<std::streamsize>(record.size()));
    index << header.id << '\t' << offset << '\n';
    offset += record.size();
  };
  const auto put_range = [&](int64_t key, int64_t first, int64_t end, uint64_t id2) {
    put({.flag = 2,
         .label = {static_cast<float>(first), static_cast<float>(end)},
         .id = static_cast<uint64_t>(key),
         .id2 = id2,
         .image_size = 0},
        {});
  };
  const auto identity_of = [&](int64_t i) { return i * identities / images; };
  for (int64_t i = 0; i < images; ++i) {
    put({.flag = 0,
         .label = {static_cast<float>(identity_of(i)), 0},
         .id = static_cast<uint64_t>(i + 1),
         .id2 = 0,
         .image_size = 0},
        image);
  }
  int64_t begin = 0;
  for (int64_t identity = 0; identity < identities; ++identity) {
    int64_t end = begin;
    while (end < images && identity_of(end) == identity) ++end;
    put_range(images + 1 + identity, begin + 1, end + 1, 0);
    begin = end;
  }
  put_range(0, images + 1, images + 1 + identities, 1);
}

template <class Work>
void in_child(const char* title, const Work& work) {
  std::fflush(stdout);
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    try {
      work();
    } catch (const Error& error) {
      std::fprintf(stderr, "%s\n", error.what());
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  rusage usage{};
  wait4(child, &status, 0, &usage);
  if (status != 0) std::exit(1);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%-32s %7.2f s %7.0f MB\n", title, seconds, static_cast<double>(usage.ru_maxrss) * 1.024e-3);
}

void open_set(const fs::path& folder, int64_t images) {
  Problems problems;
  const auto data = open_recordio(folder, problems);
  if (data->size() != images || problems.count() != 0 || data->label(images - 1) != data->classes() - 1) {
    throw Error("is not what was written").file(text_of(folder));
  }
}

void drop_from_page_cache(const fs::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY);
  posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  close(descriptor);
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t images = argc > 1 ? std::atoll(argv[1]) : images_of_glint360k;
  std::string pattern = (fs::temp_directory_path() / "facerec-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 1;
  const fs::path folder = pattern;
  in_child("written", [&] { write_set(folder, images); });
  in_child("opened the first time", [&] { open_set(folder, images); });
  in_child("opened again", [&] { open_set(folder, images); });
  drop_from_page_cache(folder / "train.rec.facerec-index");
  in_child("opened again, from the disk", [&] { open_set(folder, images); });
  in_child("a name (reads the .idx)", [&] {
    Problems problems;
    const auto data = open_recordio(folder, problems);
    if (!data->name(images - 1).ends_with("#" + std::to_string(images))) throw Error("has another name");
  });
  std::printf("%lld images, index of %.0f MB\n", static_cast<long long>(images),
              static_cast<double>(fs::file_size(folder / "train.rec.facerec-index")) / 1e6);
  fs::remove_all(folder);
}
