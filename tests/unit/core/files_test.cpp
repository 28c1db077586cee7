#include "facerec/core/files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "facerec/core/error.h"
#include "support/reference.h"

namespace facerec {
namespace {

using test::TemporaryFolder;

int entries(const fs::path& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder / "a");
    file.write("half");
  }
  EXPECT_EQ(entries(folder.path()), 0);
}

TEST(AtomicFile, ReplacesOnlyOnCommit) {
  const TemporaryFolder folder;
  write_file(folder / "a", "old");
  AtomicFile file(folder / "a");
  file.write("new");
  EXPECT_EQ(read_text(folder / "a"), "old");
  file.commit();
  EXPECT_EQ(read_text(folder / "a"), "new");
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(AtomicFile, KeepsThePermissionsOfWhatItReplaces) {
  const TemporaryFolder folder;
  write_file(folder / "a", "old");
  fs::permissions(folder / "a", fs::perms(0440));
  write_file(folder / "a", "new");
  EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms(0440));
}

TEST(AtomicFile, TakesItsPartsInAnyOrder) {
  const TemporaryFolder folder;
  AtomicFile file(folder / "a");
  file.write_at(4, std::as_bytes(std::span("tail", 4)));
  file.write("he");
  file.write("ad");
  file.commit();
  EXPECT_EQ(read_text(folder / "a"), "headtail");
}

TEST(AtomicFile, NamesTheFileWhenTheFolderIsAbsent) {
  try {
    AtomicFile file("/no/such/folder/a");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), "/no/such/folder/a");
  }
}

// A file-size limit stands in for a full disk: both make write() fail after some bytes.
TEST(AtomicFile, AFullDiskLeavesTheOldFile) {
  const TemporaryFolder folder;
  write_file(folder / "a", "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_file(folder / "a", std::string(100'000, 'x')), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(read_text(folder / "a"), "old");
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(WriteFolder, IsWholeOrAsItWas) {
  const TemporaryFolder folder;
  const fs::path target = folder / "checkpoint";
  write_folder(target, [](const fs::path& temporary) { write_file(temporary / "a", "1"); });
  EXPECT_THROW(write_folder(target,
                            [](const fs::path& temporary) {
                              write_file(temporary / "a", "2");
                              throw Error("disk full");
                            }),
               Error);
  EXPECT_EQ(read_text(target / "a"), "1");
  write_folder(target, [](const fs::path& temporary) { write_file(temporary / "b", "3"); });
  EXPECT_FALSE(fs::exists(target / "a"));
  EXPECT_EQ(read_text(target / "b"), "3");
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(WriteFolder, WhatAKilledProcessLeftIsRemoved) {
  const TemporaryFolder folder;
  fs::create_directory(folder / ".best.facerec-tmp-17-0");
  write_file(folder / "kept", "x");
  remove_temporaries(folder.path());
  EXPECT_EQ(entries(folder.path()), 1);
}

TEST(UnsyncedFile, IsMadeInTheScratchFolderAndReplacesWhatIsThere) {
  const TemporaryFolder folder;
  EXPECT_TRUE(make_folder(folder / "a/b"));
  EXPECT_FALSE(make_folder(folder / "a/b"));
  make_folder(folder / "scratch");
  for (const char* text : {"one", "two"}) {
    write_file_unsynced(folder / "a/b/file", std::as_bytes(std::span(text, 3)), folder / "scratch");
    EXPECT_EQ(read_text(folder / "a/b/file"), text);
  }
  sync_filesystem(folder.path());
  EXPECT_TRUE(fs::is_empty(folder / "scratch"));
}

TEST(UnsyncedFile, LeavesNothingWhereItCannotBeWritten) {
  const TemporaryFolder folder;
  make_folder(folder / "scratch");
  EXPECT_THROW(write_file_unsynced(folder / "absent/file", {}, folder / "scratch"), Error);
  EXPECT_TRUE(fs::is_empty(folder / "scratch"));
  write_file(folder / "file", "x");
  try {
    make_folder(folder / "file/b");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), (folder / "file/b").string());
  }
}

TEST(GrowingFile, GoesOnFromWhatWasSynced) {
  const TemporaryFolder folder;
  {
    GrowingFile file(folder / "a");
    file.write("one");
    file.sync();
    file.write("lost");
  }
  EXPECT_FALSE(fs::exists(folder / "a"));
  GrowingFile file(folder / "a", 3);
  file.write(" two");
  EXPECT_EQ(file.size(), 7U);
  file.commit();
  EXPECT_EQ(read_text(folder / "a"), "one two");
  EXPECT_FALSE(fs::exists(folder / "a.part"));
}

TEST(GrowingFile, RefusesToGoOnBehindTheEnd) {
  const TemporaryFolder folder;
  write_file(folder / "a.part", "12");
  EXPECT_THROW(GrowingFile(folder / "a", 3), Error);
}

TEST(ReadFile, RefusesFoldersAndLargeFiles) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_file(folder.path()), Error);
  write_file(folder / "a", "12345");
  EXPECT_THROW(read_file(folder / "a", 4), Error);
  EXPECT_EQ(read_file(folder / "a", 5).size(), 5U);
}

TEST(MappedFile, GivesTheBytes) {
  const TemporaryFolder folder;
  write_file(folder / "a", "abc");
  const MappedFile file(folder / "a");
  EXPECT_EQ(file.bytes().size(), 3U);
  EXPECT_EQ(file.bytes()[1], std::byte{'b'});
  write_file(folder / "empty", "");
  EXPECT_TRUE(MappedFile(folder / "empty").bytes().empty());
}

TEST(MappedFile, DroppedPagesComeBack) {
  const TemporaryFolder folder;
  write_file(folder / "a", std::string(20000, 'x'));
  const MappedFile file(folder / "a");
  file.drop_pages(file.bytes());
  file.drop_pages(file.bytes().subspan(100, 19000));
  file.drop_pages(file.bytes().subspan(20000));
  for (std::byte byte : file.bytes()) ASSERT_EQ(byte, std::byte{'x'});
}

}  // namespace
}  // namespace facerec
