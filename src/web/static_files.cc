#include "web/static_files.h"

#include <algorithm>
#include <string>

#include "core/fingerprint.h"

namespace shadowtutor::web {
namespace {

std::string_view TypeOf(std::string_view path) {
  struct Type {
    std::string_view ending, type;
  };
  static constexpr Type kTypes[] = {
      {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},   {".svg", "image/svg+xml"},
      {".wasm", "application/wasm"},         {".json", "application/json"},
  };
  for (const Type& type : kTypes) {
    if (path.ends_with(type.ending)) return type.type;
  }
  return "application/octet-stream";
}

// Whether `accepts` names gzip without refusing it ("gzip;q=0").
bool TakesGzip(std::string_view accepts) {
  const size_t at = accepts.find("gzip");
  if (at == std::string_view::npos) return false;
  std::string_view after = accepts.substr(at + 4);
  after = after.substr(0, after.find(','));
  const size_t q = after.find("q=");
  return q == std::string_view::npos ||
         after.substr(q + 2).find_first_of("123456789") != std::string_view::npos;
}

}  // namespace

std::optional<Answer> StaticAnswer(std::span<const StaticFile> files, std::string_view path,
                                   std::string_view accepts, std::string_view known) {
  if (path == "/") path = "/index.html";
  const auto file =
      std::find_if(files.begin(), files.end(), [&](const auto& each) { return each.path == path; });
  if (file == files.end()) return std::nullopt;
  const bool gzip = !file->gzip.empty() && TakesGzip(accepts);
  Fingerprint fingerprint;
  fingerprint.AddText(file->body);
  std::string tag = "\"";
  tag += fingerprint.Text();
  tag += gzip ? "-gzip\"" : "\"";
  Answer answer;
  answer.type = TypeOf(path);
  answer.headers = {
      // Asked for anew at every visit, since another version of the server has other files.
      {"Cache-Control", "no-cache"},
      {"ETag", tag},
      {"Vary", "Accept-Encoding"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Embedder-Policy", "require-corp"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src "
       "'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
       "form-action 'none'; frame-ancestors 'none'"},
      {"Permissions-Policy",
       "camera=(self), display-capture=(self), microphone=(), geolocation=()"},
      {"Referrer-Policy", "no-referrer"},
  };
  if (known == tag) {
    answer.status = 304;
    return answer;
  }
  if (gzip) answer.headers.emplace_back("Content-Encoding", "gzip");
  answer.body = gzip ? file->gzip : file->body;
  return answer;
}

}  // namespace shadowtutor::web
