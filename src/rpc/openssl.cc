#include "rpc/openssl.h"

#include <openssl/err.h>

#include <algorithm>
#include <cctype>
#include <ctime>

#include "core/text.h"

namespace shadowtutor::rpc {
namespace {

std::string Text(const std::tm& utc) {
  return Format("%04d-%02d-%02d %02d:%02d UTC", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                utc.tm_hour, utc.tm_min);
}

}  // namespace

std::string TimeText(const ASN1_TIME* time) {
  std::tm utc{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &utc) != 1) return "an unknown time";
  return Text(utc);
}

std::string NowText() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  return Text(utc);
}

std::string TakeOpenSslError() {
  const char* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "no reason given";
}

std::string NameText(const X509_NAME* name) {
  char text[256] = "";
  if (X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof text) <= 0) {
    X509_NAME_oneline(name, text, sizeof text);
  }
  // The text is somebody else's.
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
  return shown.empty() ? "(no name)" : shown;
}

}  // namespace shadowtutor::rpc
