# The live sweep: processes, links, results. Sources and tests.
target_sources(shadowtutor_eval PRIVATE live/link.cc live/live_results.cc live/process.cc live/sweep.cc)
if(SHADOWTUTOR_BUILD_TESTS)
  st_test(live_test SOURCES live/link_test.cc live/live_results_test.cc live/process_test.cc
          DEPENDS shadowtutor_eval nlohmann_json::nlohmann_json)
  st_test(live_e2e_test SOURCES live/sweep_e2e_test.cc
          DEPENDS shadowtutor_eval opencv_core opencv_imgcodecs nlohmann_json::nlohmann_json
          LABELS e2e)
  target_compile_definitions(live_e2e_test PRIVATE SHADOWTUTOR_PROGRAM="$<TARGET_FILE:shadowtutor>")
  add_dependencies(live_e2e_test shadowtutor)
endif()
