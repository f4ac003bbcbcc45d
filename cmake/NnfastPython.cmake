# The Python module nnfast/_core.abi3.so: Cython over nnfast_core, built on the stable ABI of Python 3.11, so that one
# file serves every later version.
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)

# scikit-build-core puts cython-cmake's module on the path; a build by cmake alone asks Python where it is.
if(NOT SKBUILD)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import cython_cmake; print(cython_cmake.__path__[0])"
    OUTPUT_VARIABLE cython_cmake OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND CMAKE_MODULE_PATH "${cython_cmake}/cmake")
endif()
include(UseCython)

cython_transpile(src/nnfast/_core.pyx LANGUAGE C MODULE_NAME nnfast._core CYTHON_ARGS -I "${CMAKE_CURRENT_SOURCE_DIR}/src"
  OUTPUT_VARIABLE nnfast_module)
python_add_library(_core MODULE ${nnfast_module})
target_compile_definitions(_core PRIVATE Py_LIMITED_API=0x030B0000 CYTHON_LIMITED_API=1)
set_target_properties(_core PROPERTIES PREFIX "" SUFFIX ".abi3.so")
target_link_libraries(_core PRIVATE nnfast_core)
nnfast_hide_symbols(_core)
install(TARGETS _core DESTINATION nnfast COMPONENT python)
