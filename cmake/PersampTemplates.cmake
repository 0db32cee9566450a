# Chat templates (docs/templates.md): llama.cpp's Jinja interpreter, compiled into the library. Its sources come through
# tools/get-llama whichever libllama is used. Sets PERSAMP_LLAMA_SOURCES to their folder, or to "" where they or a C++
# compiler cannot be had: the library is then built without, and renders no template but one that it knows.
include(CheckLanguage)

set(PERSAMP_LLAMA_SOURCES "")
if(PERSAMP_HAVE_LLAMA)
    check_language(CXX)
    if(CMAKE_CXX_COMPILER)
        execute_process(COMMAND "${PROJECT_SOURCE_DIR}/tools/get-llama" --sources
            OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
        if(status EQUAL 0)
            set(PERSAMP_LLAMA_SOURCES "${folder}")
        endif()
    endif()
    if(PERSAMP_LLAMA_SOURCES)
        message(STATUS "chat templates: interpreted, sources in ${PERSAMP_LLAMA_SOURCES}")
    else()
        message(WARNING "Chat templates of models cannot be interpreted in this build: it has no C++ compiler or not "
            "the sources that tools/get-llama --sources brings. Models other than the shipped ones will need "
            "prompt.template.")
    endif()
endif()

# persamp_add_templates(TARGET): compile the interpreter into TARGET, where it can be had.
function(persamp_add_templates target)
    if(NOT PERSAMP_LLAMA_SOURCES)
        return()
    endif()
    set(sources "${PROJECT_SOURCE_DIR}/src/engine/llama/template.cpp" "${PROJECT_SOURCE_DIR}/src/engine/llama/guard.cpp")
    target_sources(${target} PRIVATE ${sources})
    target_compile_definitions(${target} PRIVATE PS_HAVE_TEMPLATES=1 PS_HAVE_GUARD=1)
    target_compile_options(${target} PRIVATE -fexceptions) # guard.cpp: exceptions pass through our C, too
    target_include_directories(${target} SYSTEM PRIVATE "${PERSAMP_LLAMA_SOURCES}")
    # The interpreter is llama.cpp's: its arithmetic wraps around where a template asks for that, and what it leaves to
    # conversions of numbers out of range is a number. Two sanitizers of C++ need what a program in C is not linked with.
    # Two headers of llama.cpp that it includes have stand-ins here (json.h, unicode.h).
    set(options -fwrapv)
    if(PERSAMP_SANITIZE MATCHES "undefined")
        list(APPEND options -fno-sanitize=float-cast-overflow,signed-integer-overflow,vptr)
        if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
            list(APPEND options -fno-sanitize=function)
        endif()
    endif()
    set_source_files_properties(${sources} PROPERTIES
        COMPILE_OPTIONS "${options};-iquote;${PROJECT_SOURCE_DIR}/src/engine/llama")
endfunction()

# persamp_export_ours(TARGET): of the shared library TARGET only ps_ is exported. Templates of C++'s standard library
# would be, too.
function(persamp_export_ours target)
    if(APPLE)
        target_link_options(${target} PRIVATE "-Wl,-exported_symbol,_ps_*")
    else()
        target_link_options(${target} PRIVATE "-Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/exports.map")
        set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/exports.map")
    endif()
endfunction()
