# What the library stands on, gathered in one interface target: persamp_dependencies.
# Sets PERSAMP_HAVE_LLAMA, and PERSAMP_LLAMA_BUNDLED to the folder when libllama is not an installed one.
include(CheckSymbolExists)
find_package(PkgConfig)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

add_library(persamp_dependencies INTERFACE)
target_link_libraries(persamp_dependencies INTERFACE Threads::Threads m ${CMAKE_DL_LIBS})

# persamp_find(NAME [REQUIRED] HEADER h LIBRARIES l… MODULE pkg-config-module APT package BREW package FOR purpose)
# Finds a library by pkg-config, else by its header and library files; makes persamp_dep_NAME and links it.
# Sets PERSAMP_HAVE_NAME.
function(persamp_find name)
    cmake_parse_arguments(arg "REQUIRED" "HEADER;MODULE;APT;BREW;FOR" "LIBRARIES" ${ARGN})
    string(TOUPPER "${name}" upper)
    set(found FALSE)
    add_library(persamp_dep_${name} INTERFACE)
    if(PKG_CONFIG_FOUND AND arg_MODULE)
        pkg_check_modules(PC_${upper} QUIET IMPORTED_TARGET ${arg_MODULE})
        if(PC_${upper}_FOUND)
            target_link_libraries(persamp_dep_${name} INTERFACE PkgConfig::PC_${upper})
            set(found TRUE)
        endif()
    endif()
    if(NOT found)
        find_path(${upper}_INCLUDE_DIR "${arg_HEADER}")
        mark_as_advanced(${upper}_INCLUDE_DIR)
        if(${upper}_INCLUDE_DIR)
            set(found TRUE)
            target_include_directories(persamp_dep_${name} SYSTEM INTERFACE "${${upper}_INCLUDE_DIR}")
        endif()
        foreach(library IN LISTS arg_LIBRARIES)
            string(TOUPPER "${library}_LIBRARY" variable)
            find_library(${variable} NAMES ${library})
            mark_as_advanced(${variable})
            if(${variable})
                target_link_libraries(persamp_dep_${name} INTERFACE "${${variable}}")
            else()
                set(found FALSE)
            endif()
        endforeach()
    endif()
    if(found)
        target_link_libraries(persamp_dependencies INTERFACE persamp_dep_${name})
    elseif(arg_REQUIRED)
        message(FATAL_ERROR "persamp needs ${name} (${arg_FOR}) and it was not found.\n"
            "Debian, Ubuntu: apt-get install ${arg_APT}\nmacOS: brew install ${arg_BREW}\n"
            "tools/setup installs everything on Debian.")
    else()
        message(STATUS "${name} not found: built without ${arg_FOR} (apt: ${arg_APT}; brew: ${arg_BREW})")
    endif()
    set(PERSAMP_HAVE_${upper} ${found} PARENT_SCOPE)
endfunction()

persamp_find(jansson REQUIRED HEADER jansson.h LIBRARIES jansson MODULE jansson
    APT libjansson-dev BREW jansson FOR "JSON")
persamp_find(libfyaml REQUIRED HEADER libfyaml.h LIBRARIES fyaml MODULE libfyaml
    APT libfyaml-dev BREW libfyaml FOR "YAML")
persamp_find(random123 REQUIRED HEADER Random123/philox.h
    APT librandom123-dev BREW random123 FOR "counter-based random numbers")
persamp_find(pcre2 REQUIRED HEADER pcre2.h LIBRARIES pcre2-8 MODULE libpcre2-8
    APT libpcre2-dev BREW pcre2 FOR "regular expressions")
persamp_find(curl REQUIRED HEADER curl/curl.h LIBRARIES curl MODULE libcurl
    APT libcurl4-openssl-dev BREW curl FOR "servers that run the model")
persamp_find(sqlite3 REQUIRED HEADER sqlite3.h LIBRARIES sqlite3 MODULE sqlite3
    APT libsqlite3-dev BREW sqlite FOR "studies of tuning")
persamp_find(libpq HEADER libpq-fe.h LIBRARIES pq MODULE libpq
    APT libpq-dev BREW libpq FOR "studies in PostgreSQL")
if(PERSAMP_HAVE_LIBPQ)
    target_compile_definitions(persamp_dependencies INTERFACE PS_HAVE_LIBPQ=1)
endif()

persamp_find(lbfgs REQUIRED HEADER lbfgs.h LIBRARIES lbfgs MODULE liblbfgs
    APT liblbfgs-dev BREW liblbfgs FOR "persamp learn")

persamp_find(microhttpd REQUIRED HEADER microhttpd.h LIBRARIES microhttpd MODULE libmicrohttpd
    APT libmicrohttpd-dev BREW libmicrohttpd FOR "persamp serve")

persamp_find(zlib REQUIRED HEADER zlib.h LIBRARIES z MODULE zlib
    APT zlib1g-dev BREW zlib FOR "persamp report")

# FLINT 3 contains Arb and installs flint.pc; FLINT 2.9 (Debian 12) has neither a .pc file nor Arb.
persamp_find(flint REQUIRED HEADER flint/flint.h LIBRARIES flint MODULE flint
    APT libflint-dev BREW flint FOR "exact arithmetic")
if(NOT EXISTS "${FLINT_INCLUDE_DIR}/flint/arb.h" AND NOT PC_FLINT_VERSION VERSION_GREATER_EQUAL 3)
    persamp_find(arb REQUIRED HEADER arb.h LIBRARIES flint-arb
        APT libflint-arb-dev BREW flint FOR "rigorous balls")
endif()
persamp_find(gmp REQUIRED HEADER gmp.h LIBRARIES gmp MODULE gmp APT libgmp-dev BREW gmp FOR "exact arithmetic")

# ---- libllama ---------------------------------------------------------------------------------------------------
# In this order: the folder given as PERSAMP_LLAMA_DIR; an installed one (pkg-config, then CMake package); the
# prebuilt one that tools/get-llama keeps in the user's cache, fetched now if it is not there yet.

set(PERSAMP_HAVE_LLAMA FALSE)
set(PERSAMP_LLAMA_BUNDLED "")

# An installed libllama may be too old or too new: it must have the calls that the engine is built on.
function(persamp_llama_usable target result)
    string(MAKE_C_IDENTIFIER "PERSAMP_USABLE_${target}" usable) # an answer of its own for each place: it is kept
    set(CMAKE_REQUIRED_LIBRARIES ${target})
    set(CMAKE_REQUIRED_QUIET ON)
    check_symbol_exists(llama_memory_seq_cp "llama.h" ${usable})
    set(${result} ${${usable}} PARENT_SCOPE)
endfunction()

function(persamp_llama_from_folder folder)
    foreach(name llama ggml ggml-base)
        string(MAKE_C_IDENTIFIER "${name}" id)
        set(link "${folder}/lib/lib${name}${CMAKE_SHARED_LIBRARY_SUFFIX}")
        if(NOT EXISTS "${link}")
            message(FATAL_ERROR "${link} does not exist. PERSAMP_LLAMA_DIR (or the cache folder of tools/get-llama) "
                "must hold lib/ with libllama, libggml and libggml-base, and include/ with llama.h.")
        endif()
        file(REAL_PATH "${link}" file)
        add_library(persamp_bundled_${id} SHARED IMPORTED GLOBAL)
        set_target_properties(persamp_bundled_${id} PROPERTIES IMPORTED_LOCATION "${file}")
        target_include_directories(persamp_bundled_${id} SYSTEM INTERFACE "${folder}/include")
        target_link_libraries(persamp_dependencies INTERFACE persamp_bundled_${id})
    endforeach()
endfunction()

if(PERSAMP_LLAMA)
    set(source "")
    if(PERSAMP_LLAMA_DIR)
        persamp_llama_from_folder("${PERSAMP_LLAMA_DIR}")
        set(PERSAMP_LLAMA_BUNDLED "${PERSAMP_LLAMA_DIR}")
        set(source "${PERSAMP_LLAMA_DIR}")
    endif()
    if(NOT source AND PKG_CONFIG_FOUND)
        pkg_check_modules(LLAMA QUIET IMPORTED_TARGET llama)
        if(LLAMA_FOUND)
            persamp_llama_usable(PkgConfig::LLAMA usable)
            if(usable)
                target_link_libraries(persamp_dependencies INTERFACE PkgConfig::LLAMA)
                # llama.pc does not always name ggml, whose gguf reader we call.
                find_library(GGML_BASE_LIBRARY NAMES ggml-base HINTS ${LLAMA_LIBRARY_DIRS})
                find_library(GGML_LIBRARY NAMES ggml HINTS ${LLAMA_LIBRARY_DIRS})
                foreach(library GGML_LIBRARY GGML_BASE_LIBRARY)
                    if(${library})
                        target_link_libraries(persamp_dependencies INTERFACE "${${library}}")
                    endif()
                endforeach()
                set(source "installed, version ${LLAMA_VERSION}, found by pkg-config")
            else()
                message(STATUS "The installed libllama ${LLAMA_VERSION} lacks calls that persamp needs: not used")
            endif()
        endif()
    endif()
    if(NOT source)
        find_package(llama CONFIG QUIET)
        if(llama_FOUND)
            persamp_llama_usable(llama usable)
            if(usable)
                target_link_libraries(persamp_dependencies INTERFACE llama)
                set(source "installed, found by CMake in ${llama_DIR}")
            else()
                message(STATUS "The installed libllama in ${llama_DIR} lacks calls that persamp needs: not used")
            endif()
        endif()
    endif()
    if(NOT source)
        execute_process(COMMAND "${PROJECT_SOURCE_DIR}/tools/get-llama"
            OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
        if(status EQUAL 0)
            persamp_llama_from_folder("${folder}")
            set(PERSAMP_LLAMA_BUNDLED "${folder}")
            set(source "prebuilt, in ${folder}")
        elseif(PERSAMP_LLAMA STREQUAL "ON")
            message(FATAL_ERROR "No libllama: none is installed (pkg-config llama, CMake package llama) and "
                "tools/get-llama could not bring one; its message is above. Install llama.cpp "
                "(macOS: brew install llama.cpp), or configure with -DPERSAMP_LLAMA=OFF for the toy engine only.")
        endif()
    endif()
    if(source)
        set(PERSAMP_HAVE_LLAMA TRUE)
        target_compile_definitions(persamp_dependencies INTERFACE PS_HAVE_LLAMA=1)
        message(STATUS "libllama: ${source}")
    else()
        message(WARNING "No libllama: persamp is built without it and can only run the toy engine. "
            "Install llama.cpp (macOS: brew install llama.cpp) and configure again.")
    endif()
else()
    message(STATUS "libllama: left out (PERSAMP_LLAMA=OFF)")
endif()
