#include "facerec/face/landmark_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>

#include "face/landmark_forms.h"
#include "facerec/core/error.h"
#include "support/reference.h"

namespace facerec {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Five points as a text; `x` moves them, so that entries differ.
std::string points(int x = 0, const std::string& separator = " ") {
  std::string text;
  for (const auto& [px, py] : {std::pair{40, 50}, {80, 50}, {60, 70}, {45, 90}, {75, 90}}) {
    text += separator + std::to_string(px + x) + separator + std::to_string(py);
  }
  return text.substr(separator.size());
}

std::vector<Face> faces(const std::string& text, const std::string& path) {
  return parse_landmarks(text)->faces(path, "");
}

// The first eye's place, which tells the entry; −1 without one.
float first_x(const LandmarkFile& file, const std::string& relative_path, const fs::path& path = "") {
  const std::vector<Face> found = file.faces(relative_path, path);
  return found.empty() ? -1 : found[0].landmarks[0].x - 40;
}
float first_x(const std::string& text, const std::string& relative_path, const fs::path& path = "") {
  return first_x(*parse_landmarks(text), relative_path, path);
}

std::string error_of(const std::string& text) {
  try {
    parse_landmarks(text);
  } catch (const Error& error) {
    return error.message();
  }
  return "no error";
}

void expect_points(const Face& face, int x = 0) {
  EXPECT_FLOAT_EQ(face.landmarks[0].x, static_cast<float>(40 + x));
  EXPECT_FLOAT_EQ(face.landmarks[1].x, static_cast<float>(80 + x));
  EXPECT_FLOAT_EQ(face.landmarks[2].y, 70);
  EXPECT_FLOAT_EQ(face.landmarks[3].y, 90);
  EXPECT_FLOAT_EQ(face.landmarks[4].x, static_cast<float>(75 + x));
}

void expect_box(const Box& box, float x1, float y1, float x2, float y2) {
  EXPECT_FLOAT_EQ(box.x1, x1);
  EXPECT_FLOAT_EQ(box.y1, y1);
  EXPECT_FLOAT_EQ(box.x2, x2);
  EXPECT_FLOAT_EQ(box.y2, y2);
}

TEST(LandmarkText, IsALineAnImage) {
  const auto file = parse_landmarks("# my landmarks\r\na/1.jpg " + points() + "\r\n\r\nb c/2.jpg\t" + points(5, "\t") +
                                    "\nd,3.png," + points(7, ",") + "\n");
  EXPECT_EQ(file->size(), 3);
  EXPECT_EQ(file->note(), "");
  const std::vector<Face> found = file->faces("a/1.jpg", "");
  ASSERT_EQ(found.size(), 1U);
  expect_points(found[0]);
  expect_box(found[0].box, 20, 30, 100, 110);  // twice the points' extent
  EXPECT_EQ(found[0].score, 1);
  EXPECT_EQ(first_x(*file, "b c/2.jpg"), 5);
  EXPECT_EQ(first_x(*file, "d,3.png"), 7);
}

TEST(LandmarkText, TellsImagesOfOneNameApartByTheirExtensions) {
  const auto both =
      parse_landmarks("a/1.jpg " + points(1) + "\na/1.png " + points(2) + "\na/2.jpg " + points(3) + "\n");
  EXPECT_EQ(first_x(*both, "a/1.jpg"), 1);
  EXPECT_EQ(first_x(*both, "a/1.png"), 2);
  EXPECT_EQ(both->faces("a/1.png", "").size(), 1U);
  EXPECT_EQ(first_x(*both, "a/1.webp"), -1);  // of which of them?
  EXPECT_EQ(first_x(*both, "a/2.png"), 3);
}

TEST(LandmarkText, TakesBoxesAndScores) {
  expect_box(faces("a.jpg 10 20 110 140 " + points(), "a.jpg")[0].box, 10, 20, 110, 140);
  const Face face = faces("a.jpg 10 20 110 140 0.75 " + points(3), "a.jpg")[0];
  expect_points(face, 3);
  EXPECT_EQ(face.score, 0.75);
  EXPECT_THAT(error_of("a.jpg 50 60 20 30 " + points()),
              HasSubstr("line 1: the box 50 60 20 30 ends before it begins"));
}

TEST(LandmarkText, TakesNumbersForNames) {
  EXPECT_EQ(first_x("000017 " + points(4), "000017.jpg"), 4);
  EXPECT_EQ(first_x("12 10 20 110 140 " + points(4), "12.jpg"), 4);
}

TEST(LandmarkText, MakesFiveOutOf68) {
  std::string text = "a.jpg";
  for (int i = 0; i < 68; ++i) {
    const int y = i < 48 ? 50 : 90;
    const int x = i < 42 ? 40 + (i - 36) : i < 48 ? 80 + (i - 42) : i == 48 ? 45 : i == 54 ? 75 : 60;
    text += " " + std::to_string(i == 30 ? 61 : x) + " " + std::to_string(i == 30 ? 70 : y);
  }
  const Landmarks landmarks = faces(text, "a.jpg")[0].landmarks;
  EXPECT_FLOAT_EQ(landmarks[0].x, 42.5);
  EXPECT_FLOAT_EQ(landmarks[1].x, 82.5);
  EXPECT_FLOAT_EQ(landmarks[2].x, 61);
  EXPECT_FLOAT_EQ(landmarks[3].x, 45);
  EXPECT_FLOAT_EQ(landmarks[4].x, 75);
}

TEST(LandmarkText, TellsTheLineThatIsWrong) {
  const std::string good = "a.jpg " + points() + "\n";
  EXPECT_THAT(error_of(good + "# c\nb.jpg 1 2 3\n"), HasSubstr("line 3: 3 numbers behind the path"));
  EXPECT_THAT(error_of(good + "b.jpg 1 2 3 4 5 6 7 8 9 ten\n"),
              HasSubstr("line 2: 'b.jpg 1 2 3 4 5 6 7 8 9 ten' ends in no number"));
  EXPECT_THAT(error_of(good + "b.jpg 1 2 nan" + points()), HasSubstr("line 2"));
  EXPECT_THAT(error_of(good + "b.jpg 1e99 2 3 4 5 6 7 8 9 10"), HasSubstr("line 2"));
  EXPECT_THAT(error_of(""), HasSubstr("no landmarks"));
  EXPECT_THAT(error_of("# nothing\n"), HasSubstr("no landmarks"));
}

TEST(CelebA, IsReadInItsOrder) {
  const std::string names =
      "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y\n";
  // The first lines of list_landmarks_align_celeba.txt: left is the image's left.
  const std::string lines =
      "000001.jpg    69  109  106  113   77  142   73  152  108  154\n"
      "000002.jpg    69  110  107  112   81  135   70  151  108  153\n";
  for (const std::string& text : {"2\n" + names + lines, names + lines}) {
    const auto file = parse_landmarks(text);
    EXPECT_EQ(file->size(), 2);
    EXPECT_EQ(file->note(), "");
    const std::vector<Face> found = file->faces("8192/000001.jpg", "");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].landmarks[0].x, 69);
    EXPECT_EQ(found[0].landmarks[4].y, 154);
  }
  EXPECT_EQ(error_of("202599\n" + names + lines), "line 1 announces 202599 images, and 2 follow");
}

TEST(LandmarkCsv, IsReadByTheNamesOfItsColumns) {
  const auto celeba = parse_landmarks(
      "image_id,lefteye_x,lefteye_y,righteye_x,righteye_y,nose_x,nose_y,leftmouth_x,leftmouth_y,rightmouth_x,"
      "rightmouth_y\n000001.jpg," +
      points(1, ",") + "\n");
  EXPECT_EQ(first_x(*celeba, "000001.jpg"), 1);
  const auto vggface =
      parse_landmarks("NAME_ID,P1X,P1Y,P2X,P2Y,P3X,P3Y,P4X,P4Y,P5X,P5Y\n\"n000002/0001_01\"," + points(2, ",") + "\n");
  EXPECT_EQ(first_x(*vggface, "n000002/0001_01.jpg"), 2);
  const auto mixed = parse_landmarks(
      "y1\tx1\ty2\tx2\ty3\tx3\ty4\tx4\ty5\tx5\tfile\tscore\tx\ty\tw\th\n"
      "50\t40\t50\t80\t70\t60\t90\t45\t90\t75\ta.jpg\t0.5\t10\t20\t100\t120\n");
  const Face face = mixed->faces("a.jpg", "").at(0);
  expect_points(face);
  expect_box(face.box, 10, 20, 110, 140);
  EXPECT_EQ(face.score, 0.5);
}

TEST(LandmarkCsv, TellsWhatItLacks) {
  EXPECT_THAT(error_of("a,b,c,d,e,f,g,h,i,j,k\n"), HasSubstr("names no columns of paths"));
  EXPECT_THAT(error_of("path,b,c,d,e,f,g,h,i,j,k\n"), HasSubstr("names no columns of five points"));
  const std::string header = "path,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5\n";
  EXPECT_THAT(error_of(header + "a.jpg," + points(0, ",") + "\nb.jpg,1,2,3,4,5,6,7,8,9,x\n"),
              HasSubstr("line 3: 'x' is not a number"));
  EXPECT_THAT(error_of(header + "a.jpg,1,2\n"), HasSubstr("line 2: 3 fields where the first row names 11"));
}

TEST(WiderLabels, HoldManyFacesAnImage) {
  auto face = [](int x) {
    const std::string p = points(x);
    std::string text = "20 30 80 90";
    size_t begin = 0;
    for (int i = 0; i < 5; ++i) {
      const size_t end = p.find(' ', p.find(' ', begin) + 1);
      text += " " + p.substr(begin, end - begin) + " 0.0";
      begin = end + 1;
    }
    return text + " 0.82\n";
  };
  const std::string unmarked =
      "1 2 3 4 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 0.3\n";
  const auto file = parse_landmarks("# 0--Parade/0_Parade_1.jpg\n" + face(0) + unmarked + face(9) +
                                    "# 0--Parade/0_Parade_2.jpg\n10 20 30 40\n# 1--Handshaking/3.jpg\n" + face(4));
  EXPECT_EQ(file->size(), 2);
  const std::vector<Face> found = file->faces("0--Parade/0_Parade_1.jpg", "");
  ASSERT_EQ(found.size(), 2U);
  expect_points(found[1], 9);
  expect_box(found[0].box, 20, 30, 100, 120);
  EXPECT_THAT(file->faces("0--Parade/0_Parade_2.jpg", ""), IsEmpty());
  EXPECT_EQ(first_x(*file, "3.jpg"), 4);
  EXPECT_THAT(error_of("# a.jpg\n" + face(0) + "1 2 3\n"), HasSubstr("line 3: not of the form"));
}

std::string dlib_parts(int count = 68) {
  std::string parts;
  for (int i = 0; i < count; ++i) {
    const int x = i < 42 ? 40 : i < 48 ? 80 : i == 48 ? 45 : i == 54 ? 75 : 60;
    const int y = i == 30 ? 70 : i < 48 ? 50 : 90;
    parts += fmt::format("<part name='{:02}' x='{}' y='{}'/>\n", i, i == 30 ? 60 : x, y);
  }
  return parts;
}

std::string dlib_xml(const std::string& images, const std::string& prologue = "") {
  return "<?xml version='1.0'?>\n" + prologue + "<dataset><images>\n" + images + "</images></dataset>\n";
}

TEST(DlibXml, HasFacesWith68Parts) {
  const std::string box = "<box top='20' left='10' width='100' height='120'>";
  const auto file =
      parse_landmarks(dlib_xml("<image file='a.jpg'>" + box + dlib_parts() + "</box>" + box + "</box></image>"));
  const std::vector<Face> found = file->faces("a.jpg", "");
  ASSERT_EQ(found.size(), 1U);
  expect_points(found[0]);
  expect_box(found[0].box, 10, 20, 110, 140);
  EXPECT_THAT(error_of(dlib_xml("\n<image file='a.jpg'>" + box + dlib_parts(5) + "</box></image>")),
              "line 4: a box of 5 parts");
  EXPECT_THAT(error_of(dlib_xml("<image file='a.jpg'><box>")), HasSubstr("no XML"));
  EXPECT_THAT(error_of("<html></html>"), HasSubstr("not dlib's XML"));
}

TEST(DlibXml, LoadsAndExpandsNothing) {
  const std::string entities = "<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'><!ENTITY b '&a;&a;'>]>";
  const std::string box = "<box top='20' left='10' width='100' height='120'>";
  const auto file =
      parse_landmarks(dlib_xml("<image file='&a;&b;'>" + box + dlib_parts() + "</box></image>", entities));
  EXPECT_EQ(file->faces("&a;&b;", "").size(), 1U);
  std::string deep;
  for (int i = 0; i < 300000; ++i) deep += "<a>";
  EXPECT_THAT(error_of(deep), HasSubstr("no XML"));
}

// RetinaFace's landmarks on dlib's photographs, against dlib's own.
TEST(DlibXml, OfRealPhotographsAgreesWithADetector) {
  FACEREC_NEEDS_TEST_DATA();
  const fs::path root = test::test_data();
  const nlohmann::json detections = test::load_json(root / "reference/alignment/detections_retinaface_mnet025.json");
  int compared = 0;
  for (const char* name : {"training", "testing"}) {
    const auto file =
        open_landmarks((root / "data/photos" / (std::string(name) + "_with_face_landmarks.xml")).string());
    EXPECT_GT(file->size(), 3);
    EXPECT_EQ(file->note(), "");
    for (const auto& image : detections["images"]) {
      const std::string path = image["file"], prefix = "photos/dlib_";
      if (!path.starts_with(prefix)) continue;
      for (const Face& face : file->faces(path.substr(prefix.size()), "")) {
        const double eyes =
            std::hypot(face.landmarks[1].x - face.landmarks[0].x, face.landmarks[1].y - face.landmarks[0].y);
        double nearest = INFINITY;
        for (const auto& detection : image["faces"]) {
          double sum = 0;
          for (size_t i = 0; i < 5; ++i) {
            sum += std::hypot(detection["landmarks"][i][0].get<double>() - face.landmarks[i].x,
                              detection["landmarks"][i][1].get<double>() - face.landmarks[i].y);
          }
          nearest = std::min(nearest, sum / 5 / eyes);
        }
        EXPECT_LT(nearest, 0.3) << path;
        ++compared;
      }
    }
  }
  EXPECT_GE(compared, 10);
}

std::string json_face(int x = 0) {
  const std::string n = std::to_string(40 + x);
  return R"({"box": [10, 20, 110, 140], "score": 0.9, "landmarks": [[)" + n +
         R"(, 50], [80, 50], [60, 70], [45, 90], [75, 90]], "yaw": 1})";
}

TEST(AlignJson, IsReadAsADocumentAndByTheLine) {
  const std::string first = R"({"image": "a/1.jpg", "status": "aligned", "faces": [)" + json_face() + "," +
                            json_face(1) + R"(], "crops": [{"face": 0}]})";
  const std::string second = R"({"image": "a/2.jpg", "faces": [)" + json_face(2) + "]}",
                    none = R"({"image": "a/3.jpg", "faces": []})";
  const std::string document = R"({"schema": 1, "counts": {"images": 3}, "images": [)" +
                               ("\n" + first + ",\n" + second + ",\n" + none) + "\n]}\n";
  const std::string lines = first + "\n" + second + "\n" + none + "\n";
  for (const std::string& text : {document, lines, "[" + first + "," + second + "]"}) {
    const auto file = parse_landmarks(text);
    EXPECT_EQ(file->size(), 2);
    EXPECT_EQ(file->faces("a/1.jpg", "").size(), 2U);
    EXPECT_EQ(first_x(*file, "a/2.jpg"), 2);
    expect_box(file->faces("a/2.jpg", "")[0].box, 10, 20, 110, 140);
    EXPECT_FLOAT_EQ(file->faces("a/2.jpg", "")[0].score, 0.9F);
    EXPECT_THAT(file->faces("a/3.jpg", ""), IsEmpty());
  }
}

TEST(AlignJson, TellsWhatIsWrong) {
  const std::string good = R"({"image": "a.jpg", "faces": [)" + json_face() + "]}\n";
  EXPECT_THAT(error_of(good + "{\n"), HasSubstr("line 2: "));
  EXPECT_THAT(error_of(good + R"({"image": "b.jpg", "faces": [{"landmarks": [[1, 2]]}]})"),
              HasSubstr("line 2: the faces of 'b.jpg': 1 points"));
  EXPECT_THAT(error_of("{\n\"images\": [\n}\n"), HasSubstr("line 3: no JSON"));
  EXPECT_THAT(error_of(R"({"images": [{"image": "b.jpg", "faces": [{"landmarks": "x"}]}]})"),
              HasSubstr("not of the form"));
  EXPECT_THAT(error_of("{\"a\": 1}"), HasSubstr("no landmarks"));
  EXPECT_NE(error_of(std::string(300000, '[')), "no error");
  EXPECT_THAT(error_of("{\"images\": [1e999999]}"), HasSubstr("number overflow"));
}

TEST(LandmarkPaths, AreFoundWholeThenByTheirEnds) {
  const std::string text = "ann/1.jpg " + points(1) + "\nbob/1.jpg " + points(2) + "\n1.jpg " + points(3) +
                           "\n/set/cid/7.jpg " + points(4) + "\n./dan\\2.jpg " + points(5) + "\n";
  EXPECT_EQ(first_x(text, "ann/1.jpg"), 1);
  EXPECT_EQ(first_x(text, "bob/1.png"), 2);
  EXPECT_EQ(first_x(text, "eve/1.jpg"), 3);
  EXPECT_EQ(first_x(text, "train/ann/1.jpg"), 1);
  EXPECT_EQ(first_x(text, "cid/7.jpg"), 4);
  EXPECT_EQ(first_x(text, "0/9.jpg", "/set/cid/7.jpg"), 4);
  EXPECT_EQ(first_x(text, "dan/2.jpg"), 5);
  EXPECT_EQ(first_x(text, "ann/3.jpg"), -1);
  EXPECT_EQ(first_x(text, "xann/1.jpg"), 3);
}

TEST(LandmarkPaths, AreFoundByFileNameOnlyWhereThoseAreUnique) {
  const std::string unique = "x/a1.jpg " + points(1) + "\ny/b1.jpg " + points(2) + "\n";
  EXPECT_EQ(first_x(unique, "other/b1.jpg"), 2);
  EXPECT_EQ(first_x(unique, "b1.jpg"), 2);
  const std::string numbered = unique + "z/a1.jpg " + points(3) + "\n";
  EXPECT_EQ(first_x(numbered, "other/a1.jpg"), -1);
  EXPECT_EQ(first_x(numbered, "other/b1.jpg"), -1);
  EXPECT_EQ(first_x(numbered, "a1.jpg"), -1);
}

TEST(LandmarkPaths, NamedAgainHaveFacesOfAllTheirLines) {
  const auto file = parse_landmarks("a.jpg " + points(1) + "\nb.jpg " + points(2) + "\na.jpg " + points(3) + "\n");
  EXPECT_EQ(file->size(), 2);
  const std::vector<Face> found = file->faces("a.jpg", "");
  ASSERT_EQ(found.size(), 2U);
  expect_points(found[0], 1);
  expect_points(found[1], 3);
}

TEST(LandmarkSides, OfThePersonAreExchangedAndTold) {
  const std::string swapped = " 80 50 40 50 60 70 75 90 45 90\n";
  const auto file = parse_landmarks("a.jpg" + swapped + "b.jpg" + swapped + "c.jpg" + swapped);
  expect_points(file->faces("a.jpg", "").at(0));
  EXPECT_THAT(file->note(), HasSubstr("in 3 of 3 faces"));
  const auto upside_down = parse_landmarks("a.jpg 80 90 40 90 60 70 75 50 45 50");
  EXPECT_EQ(upside_down->faces("a.jpg", "").at(0).landmarks[0].x, 80);
  EXPECT_EQ(upside_down->note(), "");
}

TEST(LandmarkSides, OfASingleOddFaceAreLeft) {
  const auto file =
      parse_landmarks("a.jpg 80 50 40 50 60 70 75 90 45 90\nb.jpg " + points() + "\nc.jpg " + points() + "\n");
  EXPECT_EQ(file->faces("a.jpg", "").at(0).landmarks[0].x, 80);
}

TEST(LandmarkShape, OfNoFaceIsRefused) {
  EXPECT_EQ(error_of("a.jpg 103 113 147 112 129 135 109 152 142 151\n"), "no error");
  for (const char* order : {"103 147 129 109 142 113 112 135 152 151", "129 135 103 113 147 112 109 152 142 151"}) {
    EXPECT_THAT(error_of(std::string("a.jpg ") + order), HasSubstr("1 of 1 faces are not arranged as in a face"));
  }
}

TEST(LandmarkFile, ThatIsNotThereOrWrongIsNamed) {
  try {
    open_landmarks("/nonexistent/landmarks.txt");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::usage);
    EXPECT_EQ(error.file(), "/nonexistent/landmarks.txt");
  }
  const test::TemporaryFolder folder;
  write_file(folder / "l.txt", std::string_view("a.jpg 1 2 3\n"));
  try {
    open_landmarks((folder / "l.txt").string());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.file(), (folder / "l.txt").string());
    EXPECT_THAT(error.message(), HasSubstr("line 1"));
    EXPECT_THAT(error.hint(), HasSubstr("10 of five points"));
  }
}

}  // namespace
}  // namespace facerec
