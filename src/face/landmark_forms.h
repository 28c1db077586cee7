// The forms of files of landmarks, each read from the text of the file. Their Errors name lines, not the file.
#pragma once

#include <memory>
#include <string_view>

#include "face/landmark_table.h"

namespace facerec {

// Whichever of them it is, told by content.
std::unique_ptr<LandmarkTable> parse_landmarks(std::string_view text);

void read_landmark_lines(std::string_view text, LandmarkTable& table);  // a line an image, CelebA's lists among them
void read_wider_labels(std::string_view text, LandmarkTable& table);
void read_landmark_csv(std::string_view text, LandmarkTable& table);
void read_dlib_xml(std::string_view text, LandmarkTable& table);
void read_align_json(std::string_view text, LandmarkTable& table);

bool are_wider_labels(std::string_view text);
bool is_landmark_csv(std::string_view text);

}  // namespace facerec
