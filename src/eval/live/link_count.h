// What crossed a link: whole Ethernet packets, as the device that they passed counts them.
#ifndef SHADOWTUTOR_EVAL_LIVE_LINK_COUNT_H_
#define SHADOWTUTOR_EVAL_LIVE_LINK_COUNT_H_

#include <cstdint>
#include <string>

namespace shadowtutor::eval::live {

/// Up: from the client to the server. Bytes are those of whole packets with the headers of Ethernet
/// (14 bytes), IP and TCP, acknowledgements and repetitions included; without Ethernet's preamble,
/// checksum and gap (24 bytes), which a virtual device does not have. What the bandwidth filter
/// dropped is not counted.
struct LinkCount {
  uint64_t bytes_up = 0, bytes_down = 0, packets_up = 0, packets_down = 0;

  bool operator==(const LinkCount&) const = default;
};

/// What came between two counts of one link.
LinkCount operator-(const LinkCount& later, const LinkCount& earlier);

/// The counters of the client's device, from what `ip -s -j link show dev DEVICE` prints. Throws
/// Error kUnavailable for a text that has none.
LinkCount ParseLinkCount(const std::string& json);

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_LINK_COUNT_H_
