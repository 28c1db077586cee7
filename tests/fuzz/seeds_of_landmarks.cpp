#include "fuzz/seeds_of_landmarks.h"

#include <string>

using facerec::write_file;

namespace {

std::string dlib_parts() {
  std::string parts;
  for (int i = 0; i < 68; ++i) {
    const int x = i < 42 ? 40 : i < 48 ? 80 : i == 48 ? 45 : i == 54 ? 75 : 60;
    const int y = i == 30 ? 70 : i < 48 ? 50 : 90;
    parts += "<part name='" + std::to_string(i) + "' x='" + std::to_string(x) + "' y='" + std::to_string(y) + "'/>";
  }
  return parts;
}

}  // namespace

void write_landmarks(const facerec::fs::path& corpus) {
  const facerec::fs::path folder = corpus / "landmarks";
  facerec::fs::create_directories(folder);
  const std::string points = "40 50 80 50 60 70 45 90 75 90", swapped = "80 50 40 50 60 70 75 90 45 90";
  write_file(folder / "lines", "# comment\na.jpg " + points + "\nb/a.jpg\t" + points + "\n");
  write_file(folder / "boxes", "a.jpg 20 30 90 99 0.5 " + points + "\nb/a.jpg 20 30 90 99 0.5 " + swapped + "\n");
  write_file(folder / "celeba",
             "2\nlefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x "
             "rightmouth_y\n000001.jpg " +
                 points + "\n000002.jpg " + points + "\n");
  write_file(
      folder / "csv",
      "path,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5,score,xmin,ymin,xmax,ymax\n\"b/a.jpg\",40,50,80,50,60,70,45,90,75,90,1,20,"
      "30,90,99\n");
  write_file(
      folder / "wider",
      "# b/a.jpg\n20 30 70 60 40 50 0 80 50 0 60 70 1 45 90 0 75 90 0 0.8\n1 2 3 4\n1 2 3 4 -1 -1 -1 -1 -1 -1 -1 -1 -1 "
      "-1 -1 -1 -1 -1 -1 0.1\n");
  write_file(folder / "dlib",
             "<?xml version='1.0'?><dataset><images><image file='a.jpg'>"
             "<box top='20' left='10' width='100' height='120'>" +
                 dlib_parts() + "</box></image></images></dataset>");
  const std::string record =
      R"({"image":"a.jpg","faces":[{"box":[1,2,9,9],"score":0.9,"landmarks":[[40,50],[80,50],[60,70],[45,90],[75,90]]}]})";
  write_file(folder / "json", R"({"schema":1,"images":[)" + record + "\n]}");
  write_file(folder / "json_lines", record + "\n" + record + "\n");
  write_file(folder / "points", "version: 1\n{\n40 50\n80 50\n60 70\n45 90\n75 90\n30 40 60 60\n}\n");
}
