# The tests of src/nn; what they share lies in testing/.

st_test(network_test SOURCES network_test.cc DEPENDS shadowtutor_nn)
st_test(safetensors_test SOURCES safetensors_test.cc DEPENDS shadowtutor_nn)
st_test(checkpoint_io_test SOURCES checkpoint_io_test.cc DEPENDS shadowtutor_nn)

st_fuzz(checkpoint_fuzz SOURCES checkpoint_fuzz.cc DEPENDS shadowtutor_nn)
st_test(engine_test SOURCES engine_test.cc learner_test.cc DEPENDS shadowtutor_nn_activations)
st_test(batch_learner_test SOURCES batch_learner_test.cc DEPENDS shadowtutor_nn_reference)
# The 720p case's weight map is Algorithm 1's.
st_test(golden_test SOURCES golden_test.cc DEPENDS shadowtutor_nn_activations shadowtutor_distill)
st_reads_checkout(checkpoint_io_test.cc golden_test.cc)

# The oracle: Debian's libtorch, needed by this test alone. Its own CMake package would bring gflags,
# glog and Protobuf targets along; two libraries and a header are all that is used. Not under
# sanitizers, which would watch libtorch's uninstrumented threads.
if(SHADOWTUTOR_BUILD_TESTS)
  find_path(TORCH_API_INCLUDE torch/torch.h PATH_SUFFIXES torch/csrc/api/include)
  find_library(TORCH_CPU_LIBRARY torch_cpu)
  find_library(TORCH_C10_LIBRARY c10)
  if(SHADOWTUTOR_SANITIZE)
    message(STATUS "torch_oracle_test is left out: sanitizer build")
  elseif(NOT TORCH_API_INCLUDE OR NOT TORCH_CPU_LIBRARY OR NOT TORCH_C10_LIBRARY)
    message(STATUS "torch_oracle_test is left out: libtorch not found (Debian: libtorch-dev)")
  else()
    st_test(torch_oracle_test SOURCES torch_oracle_test.cc DEPENDS shadowtutor_nn_activations
            ${TORCH_CPU_LIBRARY} ${TORCH_C10_LIBRARY})
    target_include_directories(torch_oracle_test SYSTEM PRIVATE ${TORCH_API_INCLUDE})
  endif()
endif()

# Counts calls of the allocator by standing in its place, which is where sanitizers stand.
if(NOT SHADOWTUTOR_SANITIZE)
  st_test(allocation_test SOURCES allocation_test.cc DEPENDS shadowtutor_nn)
endif()

# The same engine and kernels on every instruction set that this machine runs; test names end in its
# name.
if(SHADOWTUTOR_BUILD_TESTS AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  foreach(isa avx512 avx2 sse4 scalar)
    foreach(test engine_test differential_test)
      add_test(NAME ${test}_${isa} COMMAND ${test})
      set_tests_properties(${test}_${isa} PROPERTIES
        LABELS unit TIMEOUT 600 ENVIRONMENT SHADOWTUTOR_ISA=${isa}
        SKIP_REGULAR_EXPRESSION "is not to be had on this machine")
    endforeach()
  endforeach()
endif()
