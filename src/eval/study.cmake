# Studies: many strategies on many clips. Sources and tests.
find_package(yaml-cpp REQUIRED)
target_sources(shadowtutor_eval PRIVATE clip_set.cc clip_study.cc identity.cc label_store.cc lvs.cc
               machine.cc resampling.cc samples.cc stored.cc study.cc study_results.cc study_table.cc)
target_link_libraries(shadowtutor_eval PRIVATE yaml-cpp)
