# Debian's libtorch. Its own CMake package would bring targets of gflags, glog and Protobuf along; the project needs
# two libraries and a folder of headers.
#
# Sets TORCH_FOUND, and the cache variables TORCH_API_INCLUDE, TORCH_CPU_LIBRARY, TORCH_C10_LIBRARY.
find_path(TORCH_API_INCLUDE torch/torch.h PATH_SUFFIXES torch/csrc/api/include)
find_library(TORCH_CPU_LIBRARY torch_cpu)
find_library(TORCH_C10_LIBRARY c10)
set(TORCH_FOUND OFF)
if(TORCH_API_INCLUDE AND TORCH_CPU_LIBRARY AND TORCH_C10_LIBRARY)
  set(TORCH_FOUND ON)
endif()
