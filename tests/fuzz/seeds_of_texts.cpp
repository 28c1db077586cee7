#include "fuzz/seeds_of_texts.h"

#include <string>

using facerec::write_file;
using namespace std::string_literals;

namespace {

// As the targets take it: which reader, then its file, or its files with 0xFF between them.
std::string input(int reader, const std::string& text) { return std::string(1, static_cast<char>(reader)) + text; }

constexpr const char* calibration =
    R"({"schema":1,"kind":"calibration","model":"m","architecture":"mbf","flip":"flip_sum","data":"lfw","images":9,)"
    R"("identities":3,"genuine":100,"impostor":90000,"default_fmr":0.001,"default_fpir":0.01,"wanted":[{"fmr":0.001,)"
    R"("threshold":{"cosine":0.4,"squared_l2":1.2,"cosine_ci95":[0.39,0.41],"supported":true,"derived":false},)"
    R"("fnmr":{"value":0.01,"ci95":[0.001,0.02]}}],"fmr":{"trials":90000,"scale":[0.03,0.02,0.04],)"
    R"("points":[[0.5,0.0,-0.01,0.01],[0.001,0.4,0.39,0.41]]},"fpir":[{"gallery_size":10,"trials":900,)"
    R"("scale":[0.03,0.02,0.04],"points":[[0.5,0.1,0.05,0.15],[0.05,0.4,0.39,0.41]]}]})";

}  // namespace

void write_texts(const facerec::fs::path& corpus) {
  const facerec::fs::path lists = corpus / "lists", settings = corpus / "settings";
  for (const auto& folder : {lists, settings}) facerec::fs::create_directories(folder);

  write_file(lists / "lfw", input(0, "1\t1\na\t1\t2\na\t1\tb\t1\n"));
  write_file(lists / "rfw", input(0, "a 1 2\nb 1 2\na 1 b 2\na 2 b 1\n"));
  write_file(lists / "flat", input(0, "a/a_0001.jpg a/a_0002.jpg 1\na/a_0001.jpg b/b_0001.jpg -1\n"));
  write_file(lists / "calfw", input(0, "a/a_0001.jpg 1\na/a_0002.jpg 1\na/a_0001.jpg 0\nb/b_0001.jpg 0\n"));
  write_file(lists / "unlabelled", input(1, "a/a_0001.jpg\ta/absent.jpg\n"));
  write_file(lists / "pairs_csv",
             input(2, "img1,img2,label\na/a_0001.jpg,b/b_0001.jpg,0\n\"c/1.png\",a/a_0002.jpg,\n"));
  write_file(lists / "pairs_tsv", input(3, "a\tb\tsame\na/a_0001.jpg\ta/a_0002.jpg\tTrue\n"));
  write_file(lists / "list", input(4, "a/a_0001.jpg 0\nb/b_0001.jpg 17\nc/1.png 4294967295\n"));
  write_file(lists / "lst", input(4, "1\ta/a_0001.jpg\t0\n1\tb/b_0001.jpg\t1\n"));
  write_file(lists / "im2rec", input(4, "7\t0.000000\ta/a_0001.jpg\n9\t1.0\tb/b_0001.jpg\n"));
  write_file(lists / "csv", input(5, "file,face_id\r\na/a_0001.jpg,10\r\n\"b/b_0001.jpg\",\"a \"\"name\"\"\"\r\n"));
  write_file(lists / "searches", input(6,
                                       "a/a_0001.jpg a\nc/1.png -\n\xFF"
                                       "a/a_0002.jpg a\nb/b_0001.jpg b\n"s));
  write_file(lists / "templates", input(7,
                                        "a/a_0001.jpg 1 10\nb/b_0001.jpg 2 20\n\xFF"
                                        "1 2 0\n\xFF"
                                        "a/a_0001.jpg 40 50 80 50 60 70 45 90 75 90 0.9\n"
                                        "b/b_0001.jpg 40 50 80 50 60 70 45 90 75 90 0.8\n"s));
  write_file(lists / "cfp", input(8,
                                  "1 ../Data/Images/001/frontal/01.jpg\n2 ../Data/Images/001/frontal/02.jpg\n"
                                  "3 ../Data/Images/002/frontal/01.jpg\n\xFF"
                                  "1 ../Data/Images/001/profile/01.jpg\n\xFF"
                                  "1,2\n\xFF"
                                  "1,3\n\xFF"
                                  "1,1\n\xFF"
                                  "3,1\n"s));
  write_file(lists / "groups", input(9, "a one\nb/b_0001.jpg\ttwo words\n"));
  write_file(lists / "groups_csv", input(10, "identity,group\na,one\nb,two\n"));
  write_file(lists / "attributes", input(11, "file,pose\na/a_0001.jpg,left\nb_0001.jpg,right\nc/1.png,\n"));
  write_file(lists / "exclude", input(12, "a\nc/1.png\n"));
  write_file(lists / "any", input(13, "10\t300\nname 1 2\n"));

  write_file(settings / "data", input(0,
                                      "train:\n  - {path: a, weight: 2, label: kface, where: {light: 'L1|L2'}}\n"
                                      "input_size: [112, 96]\nattributes:\n  - {name: pose, pattern: '_(\\d)'}\n"
                                      "augment:\n  color: {probability: 0.5, hue: 1e-1}\n  blur: 0.5\n"));
  write_file(settings / "json", input(0, R"({"train": [{"path": "x"}], "sampler": {"name": "pk", "images": 4}})"));
  write_file(settings / "calibration", input(1, calibration));
  write_file(settings / "metrics",
             input(2, R"({"step": 1, "epoch": 0, "loss": 2.5, "lr": 0.1, "losses": {"a": 2, "b": null}})"
                      "\n"
                      R"({"step": 2, "validation": {"lfw": 0.9}, "mean_accuracy": 0.9, "seconds": 3})"
                      "\n"
                      R"({"step": 2, "checkpoint": {"stall_seconds": 0.1}})"
                      "\n"));
}
