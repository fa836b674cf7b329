# Studies: many strategies on many clips. Sources and tests.
find_package(yaml-cpp REQUIRED)
target_sources(shadowtutor_eval PRIVATE clip_set.cc clip_study.cc identity.cc lvs.cc
               machine.cc resampling.cc samples.cc stored.cc study.cc study_results.cc study_table.cc)
target_link_libraries(shadowtutor_eval PRIVATE yaml-cpp)
if(SHADOWTUTOR_BUILD_TESTS)
  st_test(study_test SOURCES clip_set_test.cc lvs_test.cc resampling_test.cc
                             study_results_test.cc study_test.cc
          DEPENDS shadowtutor_eval shadowtutor_eval_testing opencv_core opencv_imgcodecs
                  nlohmann_json::nlohmann_json)
endif()
