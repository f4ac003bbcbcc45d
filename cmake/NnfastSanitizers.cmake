# NNFAST_SANITIZE: empty, "address,undefined", "thread", or, of clang alone, "memory". Everything we compile is instrumented, the
# link included. "memory" is for GNU's OpenMP library: LLVM's calls functions whose arguments the sanitizer then looks at, but
# not at what wrote them.
set(NNFAST_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread or memory")

function(nnfast_sanitize target)
  if(NNFAST_SANITIZE)
    set(flags -fsanitize=${NNFAST_SANITIZE} -fno-sanitize-recover=all)
    target_compile_options(${target} PRIVATE ${flags} -fno-omit-frame-pointer -g)
    # GCC takes vectors that are written element by element for unwritten where accesses are watched. Other builds warn.
    target_compile_options(${target} PRIVATE $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(${target} PUBLIC ${flags})
  endif()
endfunction()
