// The report page's parts, built into the program from the files beside this one.
#ifndef SHADOWTUTOR_EVAL_PAGE_EMBEDDED_H_
#define SHADOWTUTOR_EVAL_PAGE_EMBEDDED_H_

#include <string_view>

namespace shadowtutor::eval::page {

extern const std::string_view kHtml;
extern const std::string_view kCss;
extern const std::string_view kScript;
/// uPlot; all three are empty where scripts/fetch-charts had not run before the build.
extern const std::string_view kChartScript;
extern const std::string_view kChartCss;
extern const std::string_view kChartLicence;

}  // namespace shadowtutor::eval::page

#endif  // SHADOWTUTOR_EVAL_PAGE_EMBEDDED_H_
