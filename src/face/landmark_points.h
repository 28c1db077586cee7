// Faces of the numbers that files of landmarks hold.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "facerec/face/face.h"

namespace facerec {

// A whole text as a number; nullopt for one that is not finite too.
std::optional<float> parse_coordinate(std::string_view text);

// Five points, or five out of the 68 of iBUG 300-W: the middle of each eye's six points, the nose's tip (30), the
// corners of the mouth (48, 54). Throws Error for any other number of points.
Landmarks five_points(std::span<const Point> points);

// A box of twice the extent of the landmarks, which is about what detectors draw around a frontal face.
Box box_about(const Landmarks& landmarks);

// x1 y1 x2 y2. Throws Error for one that ends before it begins.
Box checked_box(float x1, float y1, float x2, float y2);

// Of a line of a text file: the coordinates of five_points(), before them a box x1 y1 x2 y2 or none, between the two a
// score (else 1) or none. Throws Error for another count of numbers.
Face face_of_numbers(std::span<const float> numbers);

// Whether left and right have changed places, in the eyes and in the mouth; however the face is turned in the image.
bool is_mirrored(const Landmarks& landmarks);
void exchange_sides(Landmarks& landmarks);

}  // namespace facerec
