# The report page: the files under page/ and uPlot, built into the program.
set(SHADOWTUTOR_CHARTS "${PROJECT_SOURCE_DIR}/.cache/npm/uplot-1.6.32" CACHE PATH
    "Where scripts/fetch-charts put uPlot")
set(page ${CMAKE_CURRENT_SOURCE_DIR}/page)
set(page_scripts ${page}/paper.js ${page}/elements.js ${page}/tables.js ${page}/charts.js
                 ${page}/clips.js ${page}/network.js ${page}/page.js)
set(page_files ${page}/page.html ${page}/page.css ${page_scripts})
string(REPLACE ";" "|" joined_scripts "${page_scripts}")
set(page_items "kHtml=${page}/page.html" "kCss=${page}/page.css" "kScript=${joined_scripts}")
if(EXISTS ${SHADOWTUTOR_CHARTS}/LICENSE)
  list(APPEND page_items "kChartScript=${SHADOWTUTOR_CHARTS}/uPlot.iife.min.js"
       "kChartCss=${SHADOWTUTOR_CHARTS}/uPlot.min.css" "kChartLicence=${SHADOWTUTOR_CHARTS}/LICENSE")
else()
  list(APPEND page_items "kChartScript=" "kChartCss=" "kChartLicence=")
  message(STATUS "Reports will have tables but no charts: run scripts/fetch-charts and configure again")
endif()
set(embedded ${CMAKE_CURRENT_BINARY_DIR}/page_embedded.cc)
add_custom_command(
  OUTPUT ${embedded}
  COMMAND ${CMAKE_COMMAND} -DOUT=${embedded} -DHEADER=eval/page/embedded.h
          -DNAMESPACE=shadowtutor::eval::page "-DITEMS=${page_items}"
          -P ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake
  DEPENDS ${page_files} ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake
  COMMENT "Embedding the report page" VERBATIM)
target_sources(shadowtutor_eval PRIVATE report_page.cc ${embedded})
st_test(report_page_test SOURCES report_page_test.cc
        DEPENDS shadowtutor_eval nlohmann_json::nlohmann_json)
