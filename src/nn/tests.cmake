# The tests of src/nn. The code that they share is in testing/.

st_test(network_test SOURCES network_test.cc parameter_selection_test.cc DEPENDS shadowtutor_nn)
st_test(safetensors_test SOURCES safetensors_test.cc DEPENDS shadowtutor_nn)
st_test(checkpoint_io_test SOURCES checkpoint_io_test.cc DEPENDS shadowtutor_nn)

st_fuzz(checkpoint_fuzz SOURCES checkpoint_fuzz.cc DEPENDS shadowtutor_nn)
st_test(engine_test SOURCES engine_test.cc learner_test.cc DEPENDS shadowtutor_nn_activations)
st_test(batch_learner_test SOURCES batch_learner_test.cc DEPENDS shadowtutor_nn_reference)
# The 720p case takes its weight map from Algorithm 1.
st_test(golden_test SOURCES golden_test.cc DEPENDS shadowtutor_nn_activations shadowtutor_distill)
st_reads_checkout(checkpoint_io_test.cc golden_test.cc)

# torch_oracle_test is the only test of the engine that needs libtorch. Left out under sanitizers, because
# libtorch's threads are not instrumented.
if(SHADOWTUTOR_BUILD_TESTS)
  include(${PROJECT_SOURCE_DIR}/cmake/Torch.cmake)
  if(SHADOWTUTOR_SANITIZE)
    message(STATUS "torch_oracle_test is left out: sanitizer build")
  elseif(NOT TORCH_FOUND)
    message(STATUS "torch_oracle_test is left out: libtorch not found (Debian: libtorch-dev)")
  else()
    st_test(torch_oracle_test SOURCES torch_oracle_test.cc DEPENDS shadowtutor_nn_activations
            ${TORCH_CPU_LIBRARY} ${TORCH_C10_LIBRARY})
    target_include_directories(torch_oracle_test SYSTEM PRIVATE ${TORCH_API_INCLUDE})
  endif()
endif()

# allocation_test replaces the allocator in order to count its calls. Sanitizers replace it as well,
# so the test is left out there.
if(NOT SHADOWTUTOR_SANITIZE)
  st_test(allocation_test SOURCES allocation_test.cc DEPENDS shadowtutor_nn)
endif()

# Under sanitizers differential_test alone goes through all instruction sets: it calls the same kernels.
if(NOT SHADOWTUTOR_SANITIZE)
  st_test_instruction_sets(engine_test engine_test)
endif()
st_test_instruction_sets(differential_test differential_test)
