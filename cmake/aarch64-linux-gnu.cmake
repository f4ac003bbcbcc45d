# Cross-compiles for 64-bit ARM Linux; programs run under qemu where it is installed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)

find_program(NNFAST_QEMU NAMES qemu-aarch64-static qemu-aarch64)
if(NNFAST_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${NNFAST_QEMU};-L;/usr/aarch64-linux-gnu")
endif()
