#include "facerec/face/alignment.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "facerec/core/error.h"
#include "facerec/core/files.h"
#include "support/reference.h"

namespace facerec {
namespace {

const CropShape square{112, 112};

nlohmann::json reference(const std::string& name) {
  return test::load_json(test::test_data() / "reference/alignment" / name);
}

double number(const nlohmann::json& value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}

Points64 points_of(const nlohmann::json& list) {
  Points64 points{};
  for (size_t i = 0; i < 5; ++i) points[i] = {number(list[i][0]), number(list[i][1])};
  return points;
}

// `tolerance` is relative to the largest entry, if that is above 1.
void expect_matrix(const Similarity& similarity, const nlohmann::json& expected, double tolerance) {
  double largest = 1;
  for (const auto& row : expected) {
    for (const auto& entry : row) largest = std::max(largest, std::abs(entry.get<double>()));
  }
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(similarity.matrix[i], expected[i / 3][i % 3].get<double>(), tolerance * largest);
  }
}

std::string refusal(const Points64& landmarks) {
  try {
    fit_similarity(landmarks, template_points(square));
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

Points64 moved(Points64 points, double scale, double degrees, double x, double y) {
  const double c = scale * std::cos(radians(degrees)), s = scale * std::sin(radians(degrees));
  for (auto& point : points) point = {c * point[0] - s * point[1] + x, s * point[0] + c * point[1] + y};
  return points;
}

template <class Value>
Image painted(int width, int height, Value value) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) image.row(y)[3 * x + c] = static_cast<uint8_t>(value(x, y));
    }
  }
  return image;
}

TEST(Template, IsThatOfThePeersInEverySize) {
  EXPECT_DOUBLE_EQ(template_points({112, 112})[0][0], 38.2946);
  EXPECT_NEAR(template_points({96, 112})[0][0], 30.2946, 1e-12);
  EXPECT_NEAR(template_points({128, 128})[0][0], 46.2946, 1e-12);
  EXPECT_NEAR(template_points({224, 224})[2][1], 143.4732, 1e-12);
}

TEST(Template, PaddingKeepsTheCentreAndShrinksTheFace) {
  const Points64 plain = template_points({112, 112}), padded = template_points({112, 112, 0.25});
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(padded[i][0] - 56, (plain[i][0] - 56) / 1.5, 1e-12);
    EXPECT_NEAR(padded[i][1] - 56, (plain[i][1] - 56) / 1.5, 1e-12);
  }
}

Points64 scaled(Points64 points, double factor, double x_shift) {
  for (auto& [x, y] : points) {
    x = x * factor + x_shift;
    y *= factor;
  }
  return points;
}

TEST(Similarity, EqualsThePeers) {
  FACEREC_NEEDS_TEST_DATA();
  const nlohmann::json file = reference("similarity_transforms.json");
  for (const auto& set : file["random"]) {
    SCOPED_TRACE(set["kind"]);
    const Points64 points = points_of(set["points"]);
    const Similarity similarity = fit_similarity(points, template_points(square));
    expect_matrix(similarity, set["matrix_112_float64"], 1e-10);
    EXPECT_NEAR(similarity.residual, set["rms_residual_112"].get<double>(), 1e-5);
    // The peer keeps its template in float32 and its mean too, which is off by 1.5e-6 pixels: more than 1e-6 where a
    // translation is near 0.
    const Points64 rounded = points_of(file["template_112"]);
    expect_matrix(fit_similarity(points, rounded), set["matrix_112"], 2e-6);
    expect_matrix(fit_similarity(points, scaled(rounded, 1, -8)), set["matrix_96x112"], 2e-6);
    expect_matrix(fit_similarity(points, scaled(rounded, 1, 8)), set["matrix_128"], 2e-6);
    expect_matrix(fit_similarity(points, scaled(rounded, 2, 0)), set["matrix_224"], 4e-6);
  }
}

TEST(Similarity, OfDegenerateLandmarksIsThatOfThePeersOrRefused) {
  FACEREC_NEEDS_TEST_DATA();
  const nlohmann::json file = reference("similarity_transforms.json");
  for (const auto& set : file["degenerate"]) {
    const std::string kind = set["kind"];
    SCOPED_TRACE(kind);
    const Points64 points = points_of(set["points"]);
    if (kind == "one_nan" || kind == "one_inf") {
      EXPECT_THAT(refusal(points), testing::HasSubstr("not a finite number"));
    } else if (!set["ok"].get<bool>() || kind.starts_with("almost_coincident") || kind.starts_with("tiny")) {
      EXPECT_THAT(refusal(points), testing::HasSubstr("the landmarks coincide"));
    } else {
      const Similarity similarity = fit_similarity(points, template_points(square));
      expect_matrix(similarity, set["matrix_112_float64"], 1e-10);
      EXPECT_NEAR(similarity.scale, set["scale"].get<double>(), 1e-6);
    }
  }
}

TEST(Similarity, TellsScaleAndRotation) {
  const Points64 points = moved(template_points(square), 2.5, 30, 200, -40);
  const Similarity similarity = fit_similarity(points, template_points(square));
  EXPECT_NEAR(similarity.scale, 0.4, 1e-12);
  EXPECT_NEAR(similarity.rotation, -30, 1e-10);
  EXPECT_NEAR(similarity.residual, 0, 1e-10);
}

TEST(Similarity, MirroredLandmarksAreRotatedAndLeaveALargeResidual) {
  Points64 points = template_points(square);
  for (auto& point : points) point[0] = 112 - point[0];
  const Similarity similarity = fit_similarity(points, template_points(square));
  const auto& m = similarity.matrix;
  EXPECT_GT(m[0] * m[4] - m[1] * m[3], 0);
  EXPECT_GT(similarity.residual, 20);
}

TEST(Similarity, OfFewPixelsOrOfNoFaceIsRefused) {
  EXPECT_EQ(refusal(moved(template_points(square), 0.1, 0, 0, 0)), "");
  EXPECT_THAT(refusal(moved(template_points(square), 0.01, 0, 0, 0)), testing::HasSubstr("coincide"));
  EXPECT_THAT(refusal(moved(template_points(square), 1e6, 0, 0, 0)), testing::HasSubstr("not arranged"));
}

TEST(Warp, CropsEqualInsightFaces) {
  FACEREC_NEEDS_TEST_DATA();
  const auto folder = test::test_data() / "reference/alignment";
  const nlohmann::json crops = reference("crops.json");
  for (const auto& entry : crops["images"]) {
    const std::string file = entry["file"];
    Landmarks landmarks{};
    for (size_t i = 0; i < 5; ++i) landmarks[i] = {entry["landmarks"][i][0], entry["landmarks"][i][1]};
    const Similarity similarity = fit_similarity(landmarks, square);
    expect_matrix(similarity, entry["matrix"], 1e-6);
    const Image crop = warp(decode_image(read_file(test::test_data() / "data" / file)), similarity, square);
    const Image expected = decode_image(read_file(folder / entry["crop"].get<std::string>()));
    ASSERT_EQ(crop.rgb.size(), expected.rgb.size());
    int largest = 0, sum = 0;
    for (size_t i = 0; i < crop.rgb.size(); ++i) {
      const int difference = std::abs(crop.rgb[i] - expected.rgb[i]);
      largest = std::max(largest, difference);
      sum += difference;
    }
    EXPECT_LE(largest, 4) << file;
    EXPECT_LE(sum / static_cast<double>(crop.rgb.size()), 0.3) << file;
  }
}

// Sawtooth ramps, three grey levels a pixel, tell where each pixel of a crop comes from: red x, green y.
TEST(Warp, KeepsEverythingInItsPlaceAtEveryScale) {
  Image image(1800, 1800);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      image.row(y)[3 * x] = static_cast<uint8_t>(3 * x % 255);
      image.row(y)[3 * x + 1] = static_cast<uint8_t>(3 * y % 255);
    }
  }
  const Points64 target = template_points(square);
  for (const double scale : {0.7, 1.5, 2.0, 3.3, 5.0, 9.0}) {
    for (const double degrees : {0.0, 17.0, 180.0}) {
      SCOPED_TRACE(testing::Message() << scale << ", " << degrees);
      const double shift = degrees == 180 ? 1200 : 401;
      const Similarity similarity = fit_similarity(moved(target, scale, degrees, shift, shift), target);
      const Image crop = warp(image, similarity, square);
      const double c = scale * std::cos(radians(degrees)), s = scale * std::sin(radians(degrees));
      double sum = 0, count = 0;
      for (int y = 0; y < 112; ++y) {
        for (int x = 0; x < 112; ++x) {
          const double place[] = {c * x - s * y + shift, s * x + c * y + shift};
          for (int axis : {0, 1}) {
            const double phase = std::fmod(place[axis], 85);
            if (phase < 3 * scale || phase > 84 - 3 * scale) continue;  // near a tooth's edge
            const double error = crop.row(y)[3 * x + axis] / 3.0 - phase;
            ASSERT_NEAR(error, 0, 0.6) << x << ", " << y;
            sum += error;
            ++count;
          }
        }
      }
      ASSERT_GT(count, 3000);
      EXPECT_NEAR(sum / count, 0, 0.2);
    }
  }
}

TEST(Warp, AveragesWhatAPlainWarpAliases) {
  const Image stripes = painted(1000, 1000, [](int x, int) { return x % 2 * 255; });
  const Points64 points = moved(template_points(square), 6.4, 0, 100, 100);
  const Similarity similarity = fit_similarity(points, template_points(square));
  const Image plain = warp(stripes, similarity, square, false), averaged = warp(stripes, similarity, square);
  int darkest = 255, brightest = 0;
  for (int x = 0; x < 112; ++x) {
    darkest = std::min<int>(darkest, plain.row(50)[3 * x]);
    brightest = std::max<int>(brightest, plain.row(50)[3 * x]);
    EXPECT_NEAR(averaged.row(50)[3 * x], 127.5, 1) << x;
  }
  EXPECT_GT(brightest - darkest, 150);
}

TEST(Warp, IsBlackOutsideTheImage) {
  const Image white = painted(50, 50, [](int, int) { return 255; });
  const Similarity beside = fit_similarity(moved(template_points(square), 1, 0, 1000, 0), template_points(square));
  EXPECT_THAT(warp(white, beside, square).rgb, testing::Each(0));
  for (const double scale : {1.0, 5.0}) {
    const Similarity corner = fit_similarity(moved(template_points(square), scale, 0, 20 - 56 * scale, 20 - 56 * scale),
                                             template_points(square));
    const Image crop = warp(white, corner, square);
    EXPECT_EQ(crop.row(10)[30], 0);
    EXPECT_EQ(crop.row(56)[3 * 56], 255);
    EXPECT_EQ(crop.row(111)[3 * 111], 0);
  }
}

// 32,767 pixels a side are more than OpenCV's warp takes.
TEST(Warp, TakesPanoramas) {
  const Image strip = painted(40000, 64, [](int, int) { return 90; });
  const Similarity far_right =
      fit_similarity(moved(template_points(square), 1, 0, 39000, -24), template_points(square));
  EXPECT_EQ(warp(strip, far_right, square).row(56)[3 * 56], 90);
  const Similarity whole = fit_similarity(moved(template_points(square), 350, 0, 0, -19568), template_points(square));
  EXPECT_NO_THROW(warp(strip, whole, square, false));
}

}  // namespace
}  // namespace facerec
