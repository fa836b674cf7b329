// What the files of all shells need.
#include "cli/reference/completion.h"

#include <algorithm>

namespace shadowtutor::cli::reference {

std::string Words(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

std::string Brief(const std::string& description) {
  const size_t end = description.find_first_of(";:(\n");
  std::string brief = description.substr(0, std::min(end, description.find(". ")));
  while (brief.ends_with(' ')) brief.pop_back();
  return brief;
}

}  // namespace shadowtutor::cli::reference
