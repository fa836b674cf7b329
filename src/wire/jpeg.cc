#include "wire/jpeg.h"

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <new>
#include <string>

// They use <cstdio>, and do not include it.
#include <jpeglib.h>
// After jpeglib.h.
#include <jerror.h>

#include "core/text.h"
#include "wire/frame_codec.h"

#ifndef JCS_EXTENSIONS
#error "libjpeg-turbo is needed: other libjpegs do not take pixels in the order blue, green, red"
#endif

namespace shadowtutor::wire {

namespace {

[[noreturn]] void Refuse(const std::string& why) {
  throw Error(ErrorCode::kDataLoss, "a key frame is not a usable JPEG: " + why);
}

// Finds the frame header (SOF0, which marks a baseline JPEG) and returns the size in it.
FrameSize BaselineSize(std::span<const uint8_t> bytes) {
  constexpr uint8_t kStartOfImage = 0xd8, kEndOfImage = 0xd9, kBaseline = 0xc0;
  constexpr uint8_t kHuffmanTables = 0xc4, kArithmetic = 0xcc, kJpegExtension = 0xc8;
  const size_t size = bytes.size();
  if (size < 4 || bytes[0] != 0xff || bytes[1] != kStartOfImage) {
    Refuse("it does not start like one");
  }
  if (bytes[size - 2] != 0xff || bytes[size - 1] != kEndOfImage) Refuse("it is truncated");
  size_t at = 2;
  while (at + 4 <= size) {
    if (bytes[at] != 0xff) Refuse("its markers are broken");
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const size_t length = static_cast<size_t>(bytes[at + 2] << 8 | bytes[at + 3]);
    if (length < 2 || at + 2 + length > size) Refuse("a segment reaches past the end of the file");
    if (marker == kBaseline) {
      if (length < 8) Refuse("its frame header is too short");
      return {bytes[at + 7] << 8 | bytes[at + 8], bytes[at + 5] << 8 | bytes[at + 6]};
    }
    const bool frame_header = (marker & 0xf0) == 0xc0 && marker != kHuffmanTables &&
                              marker != kArithmetic && marker != kJpegExtension;
    if (frame_header) Refuse("it is not baseline JPEG");
    if (marker < 0xc0 || marker == kEndOfImage || marker == 0xda) break;
    at += 2 + length;
  }
  Refuse("it has no frame header");
}

// What libjpeg complains about. Its handler of errors must not return, so the first error or
// warning jumps back to the function that called libjpeg; nothing in between may have a destructor.
struct Complaint {
  jpeg_error_mgr handler;  // the first member: libjpeg has a pointer to this one
  std::jmp_buf back;
  std::array<char, JMSG_LENGTH_MAX> text{};
};

[[noreturn]] void Complain(j_common_ptr jpeg) {
  auto* complaint = reinterpret_cast<Complaint*>(jpeg->err);
  jpeg->err->format_message(jpeg, complaint->text.data());
  std::longjmp(complaint->back, 1);
}

// libjpeg would guess what is damaged or missing, and go on.
void ComplainOfWarnings(j_common_ptr jpeg, int level) {
  constexpr int kWarning = -1;  // others are traces
  if (level == kWarning) Complain(jpeg);
}

jpeg_error_mgr* HandlerOf(Complaint& complaint) {
  jpeg_std_error(&complaint.handler);
  complaint.handler.error_exit = Complain;
  complaint.handler.emit_message = ComplainOfWarnings;
  return &complaint.handler;
}

// libjpeg's destination: the vector that is the compressor's client_data, which is all room when it
// begins.
std::vector<uint8_t>& BytesOf(j_compress_ptr jpeg) {
  return *static_cast<std::vector<uint8_t>*>(jpeg->client_data);
}

void OfferRoom(j_compress_ptr jpeg, size_t from) {
  jpeg->dest->next_output_byte = BytesOf(jpeg).data() + from;
  jpeg->dest->free_in_buffer = BytesOf(jpeg).size() - from;
}

void Begin(j_compress_ptr jpeg) { OfferRoom(jpeg, 0); }

boolean Grow(j_compress_ptr jpeg) {
  const size_t written = BytesOf(jpeg).size();
  bool grown = true;
  try {
    BytesOf(jpeg).resize(2 * written);
  } catch (const std::bad_alloc&) {  // must not cross a C library
    grown = false;
  }
  if (!grown) ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
  OfferRoom(jpeg, written);
  return TRUE;
}

void End(j_compress_ptr jpeg) {
  BytesOf(jpeg).resize(BytesOf(jpeg).size() - jpeg->dest->free_in_buffer);
}

// Returns false for a complaint. `bytes` has some room at the start, and the JPEG at the end.
bool Compress(ImageView frame, int quality, std::vector<uint8_t>& bytes, Complaint& complaint) {
  jpeg_destination_mgr destination{};
  destination.init_destination = Begin;
  destination.empty_output_buffer = Grow;
  destination.term_destination = End;
  jpeg_compress_struct jpeg{};
  jpeg.err = HandlerOf(complaint);
  if (setjmp(complaint.back) != 0) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  jpeg.client_data = &bytes;
  jpeg.dest = &destination;
  jpeg.image_width = static_cast<JDIMENSION>(frame.width);
  jpeg.image_height = static_cast<JDIMENSION>(frame.height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_EXT_BGR;
  jpeg_set_defaults(&jpeg);  // 4:2:0 among them
  jpeg_set_quality(&jpeg, quality, /*force_baseline=*/TRUE);
  jpeg_start_compress(&jpeg, /*write_all_tables=*/TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<JSAMPLE*>(frame.row(static_cast<int>(jpeg.next_scanline)));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return true;
}

// Returns null, or what is wrong with the payload; that lives as long as `complaint`.
const char* Decompress(std::span<const uint8_t> payload, Image& frame, Complaint& complaint) {
  jpeg_decompress_struct jpeg{};
  jpeg.err = HandlerOf(complaint);
  if (setjmp(complaint.back) != 0) {
    jpeg_destroy_decompress(&jpeg);
    return complaint.text.data();
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, payload.data(), payload.size());
  jpeg_read_header(&jpeg, /*require_image=*/TRUE);
  const char* wrong = nullptr;
  if (jpeg.image_width != static_cast<JDIMENSION>(frame.width()) ||
      jpeg.image_height != static_cast<JDIMENSION>(frame.height())) {
    wrong = "it has two sizes";
  } else if (jpeg_has_multiple_scans(&jpeg)) {
    wrong = "it has several scans";
  }
  if (wrong) {
    jpeg_destroy_decompress(&jpeg);
    return wrong;
  }
  jpeg.out_color_space = JCS_EXT_BGR;
  jpeg_start_decompress(&jpeg);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPLE* row = frame.row(static_cast<int>(jpeg.output_scanline));
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return nullptr;
}

}  // namespace

std::vector<uint8_t> EncodeJpeg(ImageView frame, int quality) {
  CheckFrameSize(frame.size());
  if (quality < 1 || quality > 100) {
    throw Error(ErrorCode::kInvalidArgument,
                "JPEG quality " + std::to_string(quality) + " is not within 1 to 100");
  }
  constexpr size_t kRoomForHeaders = 1024;
  std::vector<uint8_t> payload(RawFrameBytes(frame.size()) / 8 + kRoomForHeaders);
  Complaint complaint;
  if (!Compress(frame, quality, payload, complaint)) {
    throw Error(ErrorCode::kInternal,
                std::string("JPEG encoding failed: ") + complaint.text.data());
  }
  return payload;
}

Image DecodeJpeg(std::span<const uint8_t> payload, FrameSize declared) {
  CheckFrameSize(declared);
  const FrameSize size = BaselineSize(payload);
  if (size != declared) {
    Refuse("its size is " + SizeText(size) + " where the key frame's is " + SizeText(declared));
  }
  Image frame(size.width, size.height);
  Complaint complaint;
  if (const char* wrong = Decompress(payload, frame, complaint)) {
    Refuse(std::string("its pixels cannot be decoded (") + wrong + ")");
  }
  return frame;
}

}  // namespace shadowtutor::wire
