// The evaluation's report as one self-contained HTML file, for people.
#ifndef SHADOWTUTOR_EVAL_PAGE_REPORT_PAGE_H_
#define SHADOWTUTOR_EVAL_PAGE_REPORT_PAGE_H_

#include <filesystem>

namespace shadowtutor::eval {

/// Reads `folder`/results.json (docs/evaluate.md says what is in it) and the images that it names,
/// and writes `folder`/report.html, which needs no other file and no network. The chart of traffic
/// against accuracy also shows the runs of `folder`/settings/NAME/results.json, the same clips with
/// other options, of at most 200 of them. An image that does not exist, lies outside the folder or
/// is over 8 MiB is left out, and the page says so. Throws Error: kNotFound without results.json,
/// kInvalidArgument when a results.json does not have its format, kResourceExhausted when one is
/// over 256 MiB, kUnavailable when the page cannot be written, and as RefuseForeignPage.
void WriteReportPage(const std::filesystem::path& folder);

/// Throws Error kInvalidArgument when `folder`/report.html is a link, or a file that
/// WriteReportPage did not write.
void RefuseForeignPage(const std::filesystem::path& folder);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_PAGE_REPORT_PAGE_H_
