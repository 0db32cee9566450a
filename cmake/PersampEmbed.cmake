# Files compiled into the library (src/base/embedded.h).
#
# persamp_embed(TARGET FILE…): each becomes a source of TARGET, ps_embedded_ROOM_NAME_EXT for src/ROOM/NAME.EXT.
# persamp_embed_as(TARGET SYMBOL FILE): a file from anywhere under a name of its own.
#
# As a script (-P, with FILE, SYMBOL and OUT) it writes such a source. No other program is needed for it.
if(CMAKE_SCRIPT_MODE_FILE)
    file(READ "${FILE}" bytes HEX)
    string(LENGTH "${bytes}" length)
    math(EXPR length "${length} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
    # The hash in base64: CMake knows it in hexadecimal digits, of which six are four characters.
    file(SHA256 "${FILE}" hash)
    set(letters "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    set(base64 "")
    foreach(at RANGE 0 63 6)
        string(SUBSTRING "${hash}00" ${at} 6 six) # 64 digits and two for the last group
        foreach(shift 18 12 6 0)
            math(EXPR value "(0x${six} >> ${shift}) & 63")
            string(SUBSTRING "${letters}" ${value} 1 letter)
            string(APPEND base64 "${letter}")
        endforeach()
    endforeach()
    string(SUBSTRING "${base64}" 0 43 base64)
    file(WRITE "${OUT}" "/* Made of ${FILE}. */\n#include \"base/embedded.h\"\n\n"
        "extern const ps_embedded ${SYMBOL};\n"
        "static const unsigned char bytes[] = {${bytes}0};\n"
        "const ps_embedded ${SYMBOL} = {(const char *)bytes, ${length}, \"${base64}=\"};\n")
    return()
endif()

set(PERSAMP_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(persamp_embed_as target symbol file)
    set(source "${PROJECT_BINARY_DIR}/embedded/${symbol}.c")
    add_custom_command(OUTPUT "${source}"
        COMMAND "${CMAKE_COMMAND}" "-DFILE=${file}" "-DSYMBOL=${symbol}" "-DOUT=${source}" -P "${PERSAMP_EMBED_SCRIPT}"
        DEPENDS "${file}" "${PERSAMP_EMBED_SCRIPT}"
        COMMENT "Embedding ${file}" VERBATIM)
    target_sources(${target} PRIVATE "${source}")
endfunction()

function(persamp_embed target)
    foreach(file IN LISTS ARGN)
        cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/src" OUTPUT_VARIABLE place)
        string(MAKE_C_IDENTIFIER "ps_embedded_${place}" symbol)
        persamp_embed_as(${target} "${symbol}" "${file}")
    endforeach()
endfunction()
