# KaTeX, which typesets the mathematics of the server's page: its files are compiled into the library where
# tools/get-katex has brought them (tools/setup katex). Without them the page shows formulas as they were written.

# persamp_embed_katex(TARGET): the table ps_katex_files of src/serve/page.h, with whatever can be had.
function(persamp_embed_katex target)
    execute_process(COMMAND "${PROJECT_SOURCE_DIR}/tools/get-katex" --check
        OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status ERROR_QUIET)
    set(files "")
    if(status EQUAL 0)
        file(GLOB_RECURSE files RELATIVE "${folder}" "${folder}/*.js" "${folder}/*.css" "${folder}/*.woff2"
            "${folder}/LICENSE.txt")
        message(STATUS "KaTeX: in ${folder}")
    else()
        message(STATUS "KaTeX: not here, so the server's page shows formulas as they were written (tools/setup katex)")
    endif()
    set(declared "")
    set(rows "")
    foreach(file IN LISTS files)
        string(MAKE_C_IDENTIFIER "ps_embedded_katex_${file}" symbol)
        persamp_embed_as(${target} "${symbol}" "${folder}/${file}")
        string(APPEND declared "extern const ps_embedded ${symbol};\n")
        string(APPEND rows "    {\"/katex/${file}\", &${symbol}},\n")
    endforeach()
    set(source "${PROJECT_BINARY_DIR}/embedded/katex_files.c")
    file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT
        "#include \"serve/page.h\"\n\n@declared@\nconst ps_page_file ps_katex_files[] = {\n@rows@    {NULL, NULL},\n};\n")
    target_sources(${target} PRIVATE "${source}")
endfunction()
