#include "teacher/oip/token.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"
#include "teacher/oip/limits.h"

namespace shadowtutor::teacher::oip {

std::string ReadBearerToken(const std::filesystem::path& file) {
  constexpr size_t kMostFileBytes = kMaxTokenBytes + 64;
  const std::vector<uint8_t> bytes = ReadFile(file, kMostFileBytes);
  std::string token(bytes.begin(), bytes.end());
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  const auto usable = [](char c) { return c > ' ' && c < '\x7f'; };
  if (token.empty() || token.size() > kMaxTokenBytes ||
      !std::all_of(token.begin(), token.end(), usable)) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() +
                    " must hold a token alone, without \"Bearer\": one line of at most " +
                    std::to_string(kMaxTokenBytes) + " ASCII characters without spaces");
  }
  return token;
}

}  // namespace shadowtutor::teacher::oip
