# `shadowtutor plan`: its sources and tests.
target_sources(shadowtutor_eval PRIVATE plan.cc plan_measurements.cc)
st_test(plan_test SOURCES plan_test.cc DEPENDS shadowtutor_eval nlohmann_json::nlohmann_json)
