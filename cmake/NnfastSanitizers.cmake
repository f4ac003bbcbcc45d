# NNFAST_SANITIZE: empty, "address,undefined" or "thread". Everything we compile is instrumented, the link included.
set(NNFAST_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

function(nnfast_sanitize target)
  if(NNFAST_SANITIZE)
    set(flags -fsanitize=${NNFAST_SANITIZE} -fno-sanitize-recover=all)
    target_compile_options(${target} PRIVATE ${flags} -fno-omit-frame-pointer -g)
    target_link_options(${target} PUBLIC ${flags})
  endif()
endfunction()
