# The live sweep: processes, links, results. Sources and tests.
target_sources(shadowtutor_eval PRIVATE live/link.cc live/live_results.cc live/process.cc live/sweep.cc)
