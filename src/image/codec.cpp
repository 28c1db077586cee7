#include <turbojpeg.h>

#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "facerec/core/error.h"
#include "facerec/core/text.h"
#include "facerec/image/image.h"
#include "image/exif.h"
#include "image/jpeg_markers.h"
#include "image/reduce.h"

namespace facerec {
namespace {

using Bytes = std::span<const std::byte>;

// More than any of the formats packs into a byte: PNG's deflate gives 1,032 bytes for one, of 8 pixels each.
constexpr int64_t max_pixels_per_byte = 16384;

// libjpeg warns of much that harms no pixel (bytes between markers, an odd colour space), and of data that ended early.
bool is_harmless(tjhandle handle) {
  return tjGetErrorCode(handle) == TJERR_WARNING &&
         lower(tjGetErrorStr2(handle)).find("premature") == std::string::npos;
}

// One compressor or decompressor a thread: creating them costs as much as a small picture.
template <tjhandle (*create)()>
tjhandle thread_handle() {
  struct Destroy {
    void operator()(void* handle) const { tjDestroy(handle); }
  };
  thread_local const std::unique_ptr<void, Destroy> handle(create());
  if (!handle) throw Error("libjpeg-turbo did not start: out of memory");
  return handle.get();
}

const unsigned char* chars(Bytes data) { return reinterpret_cast<const unsigned char*>(data.data()); }

Image decode_with_opencv(Bytes encoded) {
  const cv::Mat wrapped(1, static_cast<int>(encoded.size()), CV_8UC1, const_cast<std::byte*>(encoded.data()));
  cv::Mat bgr;
  try {
    bgr = cv::imdecode(wrapped, cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH);
  } catch (const cv::Exception& failure) {
    throw Error("the image cannot be decoded: " + failure.err);
  }
  if (bgr.empty()) throw Error("the image is damaged or cut off");
  if (bgr.depth() == CV_16U) bgr.convertTo(bgr, CV_8U, 255.0 / 65535.0);  // OpenCV itself would cut 8 bits off
  Image image(bgr.cols, bgr.rows);
  cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, image.rgb.data());
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return image;
}

// The colour space; throws where the headers are damaged. With a handle of its own: one that has met an error misreads
// what comes next.
int read_headers(Bytes encoded) {
  const std::unique_ptr<void, int (*)(tjhandle)> owner(tjInitDecompress(), tjDestroy);
  const tjhandle handle = owner.get();
  int width = 0, height = 0, subsampling = 0, colour = 0;
  const auto size = static_cast<unsigned long>(encoded.size());
  if (tjDecompressHeader3(handle, chars(encoded), size, &width, &height, &subsampling, &colour) != 0) {
    throw Error(std::string("a damaged JPEG: ") + tjGetErrorStr2(handle));
  }
  return colour;
}

// Into `pixels`, which has room for the size that the header tells: that of the JPEG, or 1/2, 1/4 or 1/8 of it.
void decompress(Bytes encoded, const ImageHeader& header, uint8_t* pixels, TJPF form = TJPF_RGB) {
  const tjhandle handle = thread_handle<tjInitDecompress>();
  const auto size = static_cast<unsigned long>(encoded.size());
  if (tjDecompress2(handle, chars(encoded), size, pixels, header.width, 0, header.height, form, TJFLAG_ACCURATEDCT) ==
      0) {
    return;
  }
  if (!is_harmless(handle)) throw Error(std::string("a damaged JPEG: ") + tjGetErrorStr2(handle));
  read_headers(encoded);  // an error after a warning passes for a warning
}

// Four inks, which libjpeg-turbo does not turn into RGB.
bool is_cmyk(Bytes encoded) {
  const int colour = read_headers(encoded);
  return colour == TJCS_CMYK || colour == TJCS_YCCK;
}

Image decode_jpeg(Bytes encoded, const ImageHeader& header) {
  if (header.components == 4 && is_cmyk(encoded)) {
    std::vector<uint8_t> inks(static_cast<size_t>(header.width) * static_cast<size_t>(header.height) * 4);
    decompress(encoded, header, inks.data(), TJPF_CMYK);  // OpenCV passes over data that ended early
    return decode_with_opencv(encoded);
  }
  Image image(header.width, header.height);
  decompress(encoded, header, image.rgb.data());
  return upright(std::move(image), exif_orientation(encoded));
}

std::string size_text(const ImageHeader& header) {
  return std::to_string(header.width) + "x" + std::to_string(header.height);
}

ImageHeader probe_sized(Bytes encoded) {
  const ImageHeader header = probe_image(encoded);
  if (header.width <= 0 || header.height <= 0) throw Error("an image of size " + size_text(header));
  return header;
}

// `decoded`: with the size that memory is taken for.
void check_size(Bytes encoded, const ImageHeader& header, const ImageHeader& decoded) {
  if (int64_t{decoded.width} * decoded.height > max_pixels) {
    throw Error("an image of size " + size_text(header) + ", more than the " + std::to_string(max_pixels) +
                " pixels that are read");
  }
  if (int64_t{header.width} * header.height > max_pixels_per_byte * static_cast<int64_t>(encoded.size())) {
    throw Error("an image of size " + size_text(header) + " in " + std::to_string(encoded.size()) +
                " bytes: its header is damaged");
  }
}

Image decode(Bytes encoded, const ImageHeader& header) {
  return header.format == ImageFormat::jpeg ? decode_jpeg(encoded, header) : decode_with_opencv(encoded);
}

// Whether the decoder gives just the image that is promised for this reduction.
bool reduces_itself(Bytes encoded, const ImageHeader& header, int reduction) {
  if (header.format != ImageFormat::jpeg || reduction == 1) return false;
  // libjpeg-turbo takes the size that is wanted and chooses the fraction by it; of small sizes several are equal.
  if (std::min(header.width, header.height) < 64) return false;
  if (int64_t{header.width} * header.height > max_pixels && !has_single_scan(encoded)) return false;
  if (header.components == 4 && is_cmyk(encoded)) return false;
  // Blocks begin at the stored left and top. Turned around, those that are not whole would come first.
  const int orientation = exif_orientation(encoded);
  return orientation == 1 || orientation == 5 || (header.width % reduction == 0 && header.height % reduction == 0);
}

}  // namespace

Image decode_image(Bytes encoded) { return decode_image(encoded, 1); }

Image decode_image(Bytes encoded, int reduction) {
  if (reduction != 1 && reduction != 2 && reduction != 4 && reduction != 8)
    throw Error("images are not decoded at 1/" + std::to_string(reduction) + " of their size");
  const ImageHeader whole = probe_sized(encoded);
  if (!reduces_itself(encoded, whole, reduction)) {
    check_size(encoded, whole, whole);
    Image image = decode(encoded, whole);
    return reduction == 1 ? std::move(image) : average_blocks(image, reduction);
  }
  ImageHeader small = whole;
  small.width = reduced(whole.width, reduction);
  small.height = reduced(whole.height, reduction);
  check_size(encoded, whole, small);
  return decode_jpeg(encoded, small);
}

void decode_image(Bytes encoded, int width, int height, uint8_t* rgb) {
  const ImageHeader header = probe_sized(encoded);
  check_size(encoded, header, header);
  const bool fits = header.width == width && header.height == height;
  if (header.format == ImageFormat::jpeg && fits && header.components != 4 && exif_orientation(encoded) == 1) {
    return decompress(encoded, header, rgb);
  }
  resize(decode(encoded, header), width, height, rgb);
}

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  const tjhandle handle = thread_handle<tjInitCompress>();
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  const int failed = tjCompress2(handle, image.rgb.data(), image.width, 0, image.height, TJPF_RGB, &buffer, &size,
                                 TJSAMP_420, quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(buffer, tjFree);
  if (failed != 0) throw Error(std::string("a JPEG could not be written: ") + tjGetErrorStr2(handle));
  const auto* begin = reinterpret_cast<const std::byte*>(buffer);
  return {begin, begin + size};
}

std::vector<std::byte> encode_png(const Image& image) {
  const cv::Mat rgb(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> buffer;
  cv::imencode(".png", bgr, buffer);
  const auto* begin = reinterpret_cast<const std::byte*>(buffer.data());
  return {begin, begin + buffer.size()};
}

void resize(const Image& image, int width, int height, uint8_t* rgb) {
  const cv::Mat source(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.rgb.data()));
  cv::Mat target(height, width, CV_8UC3, rgb);
  const bool shrinks = width < image.width || height < image.height;
  if (source.size() == target.size()) {
    source.copyTo(target);
  } else {
    cv::resize(source, target, target.size(), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
}

Image resize(const Image& image, int width, int height) {
  Image result(width, height);
  resize(image, width, height, result.rgb.data());
  return result;
}

}  // namespace facerec
