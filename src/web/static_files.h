// The files of the page for browsers, which are in the program, and how they are answered.
#ifndef SHADOWTUTOR_WEB_STATIC_FILES_H_
#define SHADOWTUTOR_WEB_STATIC_FILES_H_

#include <optional>
#include <span>
#include <string_view>

#include "web/pages.h"

namespace shadowtutor::web {

struct StaticFile {
  std::string_view path;  // "/app/app.js"
  std::string_view body;
  std::string_view gzip;  // the same, compressed; empty: it would not be smaller
};

/// The page that was there when this program was built (scripts/build-page); none otherwise.
/// Thread safety: any thread, as below.
std::span<const StaticFile> EmbeddedFiles();

/// The answer to a GET of `path`; "/" is "/index.html". `accepts` is the request's Accept-Encoding
/// and `known` its If-None-Match. nullopt: there is no such file.
///
/// The answer's headers isolate the page, so that it may have threads, and let it load nothing from
/// elsewhere and connect to nobody but this server.
std::optional<Answer> StaticAnswer(std::span<const StaticFile> files, std::string_view path,
                                   std::string_view accepts, std::string_view known);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_STATIC_FILES_H_
