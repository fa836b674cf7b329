// The files of the dashboard's page, built into the program from the folder dashboard/.
#ifndef SHADOWTUTOR_WEB_DASHBOARD_FILES_H_
#define SHADOWTUTOR_WEB_DASHBOARD_FILES_H_

#include <string_view>

namespace shadowtutor::web {

extern const std::string_view kDashboardHtml;
extern const std::string_view kDashboardCss;
extern const std::string_view kDashboardScript;
extern const std::string_view kDashboardIcon;  // SVG

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_DASHBOARD_FILES_H_
