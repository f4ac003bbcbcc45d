# The rules every C file of ours is compiled under, and what a module may export.

# nnfast_set_rules(target): warnings, hidden symbols, and the one flag the numbers depend on: the compiler must not fuse
# a multiplication and an addition on its own (its default differs between -std=c11 and gnu11, and between compilers).
# NNFAST_MAY_REORDER gives the compiler what changes values by rounding alone; all of -ffast-math would take NaN from us.
function(nnfast_set_rules target)
  if(NNFAST_MAY_REORDER)
    target_compile_options(${target} PRIVATE -ffp-contract=fast -fassociative-math -fno-signed-zeros -fno-trapping-math -freciprocal-math)
  else()
    target_compile_options(${target} PRIVATE -ffp-contract=off)
  endif()
  target_compile_definitions(${target} PRIVATE NNF_MAY_REORDER=$<BOOL:${NNFAST_MAY_REORDER}>)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wdouble-promotion)
  set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden INTERPROCEDURAL_OPTIMIZATION OFF)
  nnfast_sanitize(${target})
endfunction()

# nnfast_hide_symbols(target): the module exports its entry point and nothing else, not even the compiler's helpers.
function(nnfast_hide_symbols target)
  set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden)
  if(APPLE)
    target_link_options(${target} PRIVATE "-Wl,-exported_symbol,_PyInit_${target}")
  else()
    set(script "${CMAKE_CURRENT_BINARY_DIR}/${target}.map")
    file(CONFIGURE OUTPUT "${script}" @ONLY CONTENT "{ global: PyInit_@target@; local: *; };\n")
    target_link_options(${target} PRIVATE "-Wl,--version-script=${script}")
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${script}")
  endif()
endfunction()
