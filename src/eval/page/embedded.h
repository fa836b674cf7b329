// The parts of the report page, built into the program from the files in this folder.
#ifndef SHADOWTUTOR_EVAL_PAGE_EMBEDDED_H_
#define SHADOWTUTOR_EVAL_PAGE_EMBEDDED_H_

#include <string_view>

namespace shadowtutor::eval::page {

extern const std::string_view kHtml;
extern const std::string_view kCss;
extern const std::string_view kScript;
/// uPlot, the chart library. All three are empty if scripts/fetch-charts was not run before the
/// build.
extern const std::string_view kChartScript;
extern const std::string_view kChartCss;
extern const std::string_view kChartLicence;

}  // namespace shadowtutor::eval::page

#endif  // SHADOWTUTOR_EVAL_PAGE_EMBEDDED_H_
