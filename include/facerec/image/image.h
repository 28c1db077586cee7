// Images: 8-bit RGB, rows from the top, channels interleaved (HWC), no padding. BGR does not exist outside OpenCV
// calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace facerec {

struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // height × width × 3

  Image() = default;
  Image(int w, int h) : width(w), height(h), rgb(static_cast<size_t>(w) * static_cast<size_t>(h) * 3) {}
  uint8_t* row(int y) { return rgb.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 3; }
  const uint8_t* row(int y) const { return rgb.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 3; }
};

enum class ImageFormat { jpeg, png, bmp, webp };

struct ImageHeader {
  ImageFormat format;
  int width, height;   // as stored, before EXIF rotation
  int components = 0;  // of a JPEG: 1 grey, 3 colour, 4 CMYK
};

// The largest image that is decoded, in pixels: 2^28 (a 16,384 × 16,384 photograph), 768 MiB of RGB.
inline constexpr int64_t max_pixels = int64_t{1} << 28;

// Format and size from the first bytes, without decoding. Throws Error for anything but JPEG, PNG, BMP and WebP, naming
// what else it is where that can be told, and for animated WebP.
ImageHeader probe_image(std::span<const std::byte> encoded);

// Decodes to RGB, rotated as EXIF says; grey, CMYK and alpha images too (alpha is dropped), 16 bits scaled to 8. JPEG
// with the accurate integer DCT and fancy upsampling, so that pixels equal OpenCV's and Pillow's. Throws Error for
// truncated or damaged data and for images above max_pixels; the caller adds the file's name.
Image decode_image(std::span<const std::byte> encoded);

// The same at 1/reduction (1, 2, 4 or 8) of the size, rounded up: pixel x of it covers the pixels reduction·x …
// reduction·(x + 1) − 1 of the whole image, as far as there are such, so that its centre lies at
// (x + 0.5)·reduction − 0.5 there. JPEG is decoded at that size (scaled inverse DCT), in a fraction of the time and
// memory, and of JPEGs with a single scan it is the reduced image that max_pixels limits; others are decoded whole and
// averaged.
Image decode_image(std::span<const std::byte> encoded, int reduction);

// The same into memory of width × height × 3 bytes; an image of another size is resized. Saves copies: a JPEG of that
// size is decoded in place.
void decode_image(std::span<const std::byte> encoded, int width, int height, uint8_t* rgb);

// quality 1 … 100, 4:2:0 chroma as cameras write it.
std::vector<std::byte> encode_jpeg(const Image& image, int quality);
std::vector<std::byte> encode_png(const Image& image);

// Area averaging when shrinking, bilinear when growing (OpenCV's INTER_AREA and INTER_LINEAR); a copy at equal size.
Image resize(const Image& image, int width, int height);
void resize(const Image& image, int width, int height, uint8_t* rgb);  // into width × height × 3 bytes

// Left and right change sides, in place: a row of width × 3 bytes after the other.
void mirror(uint8_t* rgb, int width, int height);

// True for the extensions that image folders are searched for: jpg, jpeg, png, bmp, webp in any case.
bool has_image_extension(const std::string& name);

}  // namespace facerec
