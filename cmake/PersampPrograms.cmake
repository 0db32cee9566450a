# Tests, benchmarks, fuzzers and examples: one program per file.

set(test_tmp "${PROJECT_BINARY_DIR}/test-tmp")
file(MAKE_DIRECTORY "${test_tmp}")

function(persamp_add_program name)
    add_executable(${name} ${ARGN})
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${name} PRIVATE persamp_build persamp_static)
endfunction()

# ---- Tests: tests/ROOM[/PART]/test_*.c with cmocka, tests/ROOM/test_*.sh; the room is the label ---------------------------

if(BUILD_TESTING)
    persamp_find(cmocka HEADER cmocka.h LIBRARIES cmocka MODULE cmocka APT libcmocka-dev BREW cmocka FOR "the tests")
    file(GLOB test_sources CONFIGURE_DEPENDS
        "${PROJECT_SOURCE_DIR}/tests/*/test_*.c" "${PROJECT_SOURCE_DIR}/tests/*/*/test_*.c")
    file(GLOB test_scripts CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/*/test_*.sh")
    if(PERSAMP_SANITIZE OR PERSAMP_COVERAGE) # these are about what is built and installed, not about the code
        list(FILTER test_scripts EXCLUDE REGEX "/tests/build/")
    endif()
    file(GLOB support_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/support/*.c")
    if(NOT PERSAMP_HAVE_CMOCKA)
        set(test_sources "")
    elseif(NOT PERSAMP_HAVE_LLAMA)
        list(FILTER test_sources EXCLUDE REGEX "/llama/[^/]*$|_llama\\.c$")
    endif()
    if(support_sources AND PERSAMP_HAVE_CMOCKA)
        add_library(persamp_test_support STATIC ${support_sources})
        target_include_directories(persamp_test_support PRIVATE
            "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
        target_link_libraries(persamp_test_support PUBLIC persamp_build persamp_dep_cmocka persamp_static)
    endif()
    set(test_environment "PERSAMP_COMMAND=${PROJECT_BINARY_DIR}/persamp" "PERSAMP_SOURCE=${PROJECT_SOURCE_DIR}"
        "PERSAMP_BUILD=${PROJECT_BINARY_DIR}" "CMOCKA_TEST_ABORT=0" "XDG_CACHE_HOME=${test_tmp}/cache")
    foreach(file IN LISTS test_sources test_scripts)
        cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests" OUTPUT_VARIABLE place)
        string(REGEX REPLACE "/.*" "" room "${place}")
        cmake_path(GET place EXTENSION kind)
        # tests/engine/llama/test_cache.c: the test engine/llama/cache, the program test_engine_llama_cache
        string(REGEX REPLACE "test_([^/]*)\\.[a-z]+$" "\\1" test "${place}")
        string(REPLACE "/" "_" program "test_${test}")
        if(kind STREQUAL ".c")
            persamp_add_program(${program} "${file}")
            set_target_properties(${program} PROPERTIES
                RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
            target_link_libraries(${program} PRIVATE persamp_dep_cmocka)
            if(TARGET persamp_test_support)
                target_link_libraries(${program} PRIVATE persamp_test_support)
            endif()
            target_compile_definitions(${program} PRIVATE
                "PS_TEST_DIR=\"${PROJECT_SOURCE_DIR}/tests\"" "PS_TEST_TMP=\"${test_tmp}\""
                "PS_SOURCE_DATADIR=\"${PROJECT_SOURCE_DIR}\"" "PS_COMMAND=\"${PROJECT_BINARY_DIR}/persamp\""
                "PS_LLAMA_SOURCES=\"${PERSAMP_LLAMA_SOURCES}\"")
            add_test(NAME ${test} COMMAND ${program})
            if(TARGET persamp_command)
                add_dependencies(${program} persamp_command)
            endif()
        else()
            add_test(NAME ${test} COMMAND sh "${file}")
        endif()
        set_tests_properties(${test} PROPERTIES
            LABELS ${room} TIMEOUT 300 WORKING_DIRECTORY "${test_tmp}" ENVIRONMENT "${test_environment}")
    endforeach()
    # What it measures are shares of a time: no other test beside it.
    if(TEST cli/interrupt)
        set_tests_properties(cli/interrupt PROPERTIES RUN_SERIAL ON)
    endif()
endif()

# What tests/engine/llama/compare_templates.sh asks.
if(PERSAMP_LLAMA_SOURCES)
    persamp_add_program(template_driver "${PROJECT_SOURCE_DIR}/tests/engine/llama/template_driver.c")
    set_target_properties(template_driver PROPERTIES
        EXCLUDE_FROM_ALL ON RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
endif()

# ---- Examples: compiled with every build and run as tests; NAME.input and NAME.expected,
# where they are there, are what they read and what they print

file(GLOB example_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.c")
foreach(file IN LISTS example_sources)
    cmake_path(GET file STEM name)
    add_executable(example_${name} "${file}")
    set_target_properties(example_${name} PROPERTIES
        OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/examples")
    # As a user would: the public headers and the shared library, nothing else.
    target_link_libraries(example_${name} PRIVATE persamp_build persamp::persamp m)
    set(expected "${PROJECT_SOURCE_DIR}/examples/${name}.expected")
    if(NOT EXISTS "${expected}")
        set(expected "")
    endif()
    set(input "${PROJECT_SOURCE_DIR}/examples/${name}.input")
    if(NOT EXISTS "${input}")
        set(input "/dev/null")
    endif()
    if(BUILD_TESTING)
        add_test(NAME examples/${name} COMMAND "${CMAKE_COMMAND}" "-DPROGRAM=$<TARGET_FILE:example_${name}>"
            "-DINPUT=${input}" "-DEXPECTED=${expected}" -P "${PROJECT_SOURCE_DIR}/cmake/CompareOutput.cmake")
        set_tests_properties(examples/${name} PROPERTIES
            LABELS examples TIMEOUT 120 WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    endif()
endforeach()

# ---- Benchmarks: only on request (target bench) ------------------------------------------------------------------

add_custom_target(bench COMMENT "Benchmarks are in ${PROJECT_BINARY_DIR}/bench")
file(GLOB bench_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/bench_*.c")
if(NOT PERSAMP_HAVE_LLAMA)
    list(FILTER bench_sources EXCLUDE REGEX "/[^/]*llama[^/]*\\.c$")
endif()
# What they share: bench/report.c, and where the name says llama bench/llama_*.c as well.
file(GLOB bench_support_llama CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bench/llama_*.c")
foreach(file IN LISTS bench_sources)
    cmake_path(GET file STEM name)
    persamp_add_program(${name} "${file}" "${PROJECT_SOURCE_DIR}/bench/report.c")
    if(name MATCHES "llama")
        target_sources(${name} PRIVATE ${bench_support_llama})
    endif()
    set_target_properties(${name} PROPERTIES
        EXCLUDE_FROM_ALL ON RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bench")
    target_compile_definitions(${name} PRIVATE _XOPEN_SOURCE=700 "PS_SOURCE_DATADIR=\"${PROJECT_SOURCE_DIR}\"")
    add_dependencies(bench ${name})
endforeach()

# ---- Fuzzers: libFuzzer, so clang ---------------------------------------------------------------------------------

if(PERSAMP_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "PERSAMP_FUZZ needs clang (libFuzzer); this is ${CMAKE_C_COMPILER_ID}. "
            "Configure with -DCMAKE_C_COMPILER=clang (apt: clang libclang-rt-dev).")
    endif()
    target_compile_options(persamp_build INTERFACE -fsanitize=fuzzer-no-link)
    file(GLOB fuzz_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/fuzz/fuzz_*.c")
    if(NOT PERSAMP_HAVE_LLAMA) # model files and chat templates belong to the engine of libllama
        list(FILTER fuzz_sources EXCLUDE REGEX "/fuzz_(template|gguf)\\.c$")
    endif()
    add_custom_target(fuzz COMMENT "Fuzzers are in ${PROJECT_BINARY_DIR}/fuzz")
    foreach(file IN LISTS fuzz_sources)
        cmake_path(GET file STEM name)
        persamp_add_program(${name} "${file}")
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        if(name STREQUAL "fuzz_gguf") # what it shares with the tests of model files
            target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/fuzz/gguf_model.c")
        endif()
        add_dependencies(fuzz ${name})
    endforeach()
endif()
