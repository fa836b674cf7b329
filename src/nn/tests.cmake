# The tests of src/nn, and what only tests and benchmarks use.

st_test(network_test SOURCES network_test.cc DEPENDS shadowtutor_nn)
st_test(safetensors_test SOURCES safetensors_test.cc DEPENDS shadowtutor_nn)
st_test(checkpoint_io_test SOURCES checkpoint_io_test.cc DEPENDS shadowtutor_nn)

# The plain network in double that the engine is compared with.
st_library(nn_reference SOURCES reference.cc reference_ops.cc DEPENDS shadowtutor_nn)
st_test(reference_test SOURCES reference_test.cc DEPENDS shadowtutor_nn_reference)
