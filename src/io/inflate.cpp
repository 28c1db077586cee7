#include "io/inflate.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <vector>

#include "facerec/core/error.h"

namespace facerec {
namespace {

constexpr size_t piece_size = size_t{256} << 10;

bool begins_gzip(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1F} && bytes[1] == std::byte{0x8B};
}

// Method 8 with a window of at most 32 KiB and no dictionary; the two bytes are a multiple of 31 together.
bool begins_zlib(std::span<const std::byte> bytes) {
  if (bytes.size() < 2) return false;
  const auto method = static_cast<unsigned>(bytes[0]), flags = static_cast<unsigned>(bytes[1]);
  return (method & 0x0F) == 8 && method >> 4 <= 7 && (flags & 0x20) == 0 && (method << 8 | flags) % 31 == 0;
}

}  // namespace

bool is_deflated(std::span<const std::byte> bytes) { return begins_gzip(bytes) || begins_zlib(bytes); }

struct Inflater::State {
  explicit State(const ByteSource& source) : packed(source), is_gzip(begins_gzip(first_two())) {}

  const ByteSource& packed;
  uint64_t taken = 0, given = 0;  // of `packed`; of what it unpacks to
  bool is_gzip;
  bool ended = false;
  z_stream stream{};
  std::array<std::byte, piece_size> input, piece;
  std::span<const std::byte> ahead;  // in `input`

  Error bad(const std::string& what) const {
    return Error("its compressed stream " + what).offset(taken).hint("it may not have arrived whole: get it again");
  }

  uint64_t left() const { return packed.size() - taken; }
  std::vector<std::byte> first_two() const {
    std::vector<std::byte> bytes(std::min<uint64_t>(left(), 2));
    packed.read(taken, bytes);
    return bytes;
  }

  size_t step();
  void end_or_begin_again();
};

// Fills the piece, and returns how much of it; 0 is not the end.
size_t Inflater::State::step() {
  if (ahead.empty()) {
    const auto next = std::span(input).first(std::min<uint64_t>(left(), piece_size));
    packed.read(taken, next);
    ahead = next;
  }
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(ahead.data()));
  stream.avail_in = static_cast<uInt>(ahead.size());
  stream.next_out = reinterpret_cast<Bytef*>(piece.data());
  stream.avail_out = piece_size;
  const int code = inflate(&stream, Z_NO_FLUSH);
  taken += ahead.size() - stream.avail_in;
  ahead = ahead.last(stream.avail_in);
  if (code == Z_MEM_ERROR) throw std::bad_alloc();
  if (code == Z_BUF_ERROR) throw bad("is cut off");
  if (code != Z_OK && code != Z_STREAM_END) {
    throw bad(fmt::format("is damaged: {}", stream.msg == nullptr ? "it needs a dictionary" : stream.msg));
  }
  if (code == Z_STREAM_END) end_or_begin_again();
  return piece_size - stream.avail_out;
}

void Inflater::State::end_or_begin_again() {
  ended = left() == 0;
  if (ended) return;
  if (!is_gzip || !begins_gzip(first_two())) throw bad("has something behind its end");
  if (inflateReset(&stream) != Z_OK) throw bad("cannot be unpacked");
}

Inflater::Inflater(const ByteSource& packed) : state_(std::make_unique<State>(packed)) {
  constexpr int largest_window = 15, either_header = 32;
  if (inflateInit2(&state_->stream, largest_window + either_header) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

std::span<const std::byte> Inflater::next() {
  State& state = *state_;
  size_t count = 0;
  while (count == 0 && !state.ended) count = state.step();
  state.given += count;
  if (state.given > max_growth * state.packed.size() + free_growth) {
    throw state.bad(fmt::format("unpacks to more than {} times its size", max_growth));
  }
  return std::span(state.piece).first(count);
}

}  // namespace facerec
