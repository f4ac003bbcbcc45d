# Kernels: one source, compiled for every ISA and both element types.

set(NNFAST_KERNEL_FLAGS "" CACHE STRING "More flags for the kernels, after all others")

# nnfast_add_isa(name flags): builds csrc/kernels/isa/<name>.c twice, for float and for double, and adds the objects to
# nnfast_core. Call it in order of preference, best first.
#
# -fno-math-errno and -fno-trapping-math let the compiler vectorise without changing a value. -ffast-math never: it
# changes values, and linked in it flips denormal handling for the whole process. Nothing unwinds kernels: their tables
# for it would be 30 kB of the wheel.
function(nnfast_add_isa name flags)
  foreach(bits 32 64)
    set(kernels nnfast_kernels_${name}_f${bits})
    add_library(${kernels} OBJECT csrc/kernels/isa/${name}.c)
    target_include_directories(${kernels} PRIVATE csrc)
    target_compile_definitions(${kernels} PRIVATE REAL_BITS=${bits})
    nnfast_set_rules(${kernels})
    target_compile_options(${kernels} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O3> -fno-math-errno -fno-trapping-math -fno-asynchronous-unwind-tables ${flags} ${NNFAST_KERNEL_FLAGS})
    target_sources(nnfast_core PRIVATE $<TARGET_OBJECTS:${kernels}>)
  endforeach()
  set_property(GLOBAL APPEND PROPERTY NNFAST_ISAS ${name})
endfunction()

# nnfast_write_isa_list(target): writes kernels/isa_list.h, a row for each nnfast_add_isa, for dispatch.c to include.
function(nnfast_write_isa_list target)
  get_property(isas GLOBAL PROPERTY NNFAST_ISAS)
  list(TRANSFORM isas REPLACE "(.+)" "row(\\1)")
  list(JOIN isas " " rows)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/generated")
  file(CONFIGURE OUTPUT "${folder}/kernels/isa_list.h" @ONLY CONTENT
    "/* isa_list.h: the ISAs of this build, best first. Written by cmake/NnfastIsa.cmake. */\n#define NNF_ISA_LIST(row) @rows@\n")
  target_include_directories(${target} PRIVATE "${folder}")
endfunction()
