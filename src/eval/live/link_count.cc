#include "eval/live/link_count.h"

#include <nlohmann/json.hpp>

#include "shadowtutor/types.h"

namespace shadowtutor::eval::live {

LinkCount operator-(const LinkCount& later, const LinkCount& earlier) {
  return {later.bytes_up - earlier.bytes_up, later.bytes_down - earlier.bytes_down,
          later.packets_up - earlier.packets_up, later.packets_down - earlier.packets_down};
}

LinkCount ParseLinkCount(const std::string& json) {
  try {
    const auto devices = nlohmann::json::parse(json);
    const auto& counters = devices.at(0).at("stats64");
    const auto& sent = counters.at("tx");
    const auto& received = counters.at("rx");
    return {sent.at("bytes"), received.at("bytes"), sent.at("packets"), received.at("packets")};
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorCode::kUnavailable,
                std::string("ip does not tell what crossed the link; install iproute2 4.13 or a "
                            "later one: ") +
                    error.what());
  }
}

}  // namespace shadowtutor::eval::live
