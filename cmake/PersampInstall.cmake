# make install: headers, libraries, command, pkg-config file, CMake package, man page, documents, examples, models and
# data; and the prebuilt libllama, when that is what we were linked with, in a folder of its own found by a relative
# rpath. cmake/Uninstall.cmake takes all of it away again.
include(CMakePackageConfigHelpers)

# Folders that are not there yet will be ours to remove: noted before anything is installed.
install(CODE "set(notes_here [==[${PROJECT_BINARY_DIR}]==])
set(folders_used \"${CMAKE_INSTALL_BINDIR};${CMAKE_INSTALL_LIBDIR}/pkgconfig;${CMAKE_INSTALL_LIBDIR}/cmake\"
    \"${CMAKE_INSTALL_INCLUDEDIR};${CMAKE_INSTALL_MANDIR}/man1;${CMAKE_INSTALL_DATADIR};${CMAKE_INSTALL_DOCDIR}\")")
install(SCRIPT "${PROJECT_SOURCE_DIR}/cmake/NoteFolders.cmake")

set(bundle_dir "${CMAKE_INSTALL_LIBDIR}/persamp")
file(RELATIVE_PATH from_bin "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
if(APPLE)
    set(origin "@loader_path")
else()
    set(origin "$ORIGIN")
endif()
set_target_properties(persamp_shared_installed PROPERTIES
    BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "${origin}/persamp" LIBRARY_OUTPUT_DIRECTORY "${installed_here}")
if(TARGET persamp_command)
    set_target_properties(persamp_command_installed PROPERTIES
        BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "${origin}/${from_bin};${origin}/${from_bin}/persamp"
        RUNTIME_OUTPUT_DIRECTORY "${installed_here}")
    install(TARGETS persamp_command_installed RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
# An installed libllama may lie where the loader does not look by itself: Linuxbrew, conda, a prefix of one's own.
if(PERSAMP_HAVE_LLAMA AND NOT PERSAMP_LLAMA_BUNDLED)
    set_target_properties(persamp_shared_installed PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
endif()
install(TARGETS persamp_static ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(TARGETS persamp_shared_installed EXPORT persampTargets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/persamp" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def")

# What a program linked statically with libpersamp.a must name besides.
set(private_libs "-lm -pthread")
if(PERSAMP_LLAMA_SOURCES)
    install(FILES "${PERSAMP_LLAMA_SOURCES}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME LICENSE.llama.cpp)
    list(JOIN CMAKE_CXX_IMPLICIT_LINK_LIBRARIES " " implicit)
    if(implicit MATCHES "(^| )(c\\+\\+|stdc\\+\\+)( |$)") # of the interpreter of chat templates
        string(PREPEND private_libs "-l${CMAKE_MATCH_2} ")
    endif()
endif()
set(private_requires "jansson libfyaml libpcre2-8 gmp")
# By name, as shared libraries: what their .pc files ask for beside is for linking them statically, too.
string(PREPEND private_libs "-lcurl -lmicrohttpd -lsqlite3 -lz ")
if(PERSAMP_HAVE_LIBPQ)
    string(PREPEND private_libs "-lpq ")
endif()
if(PERSAMP_HAVE_ARB)
    string(PREPEND private_libs "-lflint-arb ")
endif()
string(PREPEND private_libs "-lflint ")
if(PERSAMP_LLAMA_BUNDLED)
    string(PREPEND private_libs "-L\${libdir}/persamp -Wl,-rpath,\${libdir}/persamp -lllama -lggml -lggml-base ")
    install(DIRECTORY "${PERSAMP_LLAMA_BUNDLED}/lib/" DESTINATION "${bundle_dir}"
        USE_SOURCE_PERMISSIONS FILES_MATCHING PATTERN "lib*")
    if(EXISTS "${PERSAMP_LLAMA_BUNDLED}/LICENSE")
        install(FILES "${PERSAMP_LLAMA_BUNDLED}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}" RENAME LICENSE.llama.cpp)
    endif()
elseif(LLAMA_FOUND)
    string(APPEND private_requires " llama")
elseif(PERSAMP_HAVE_LLAMA)
    string(PREPEND private_libs "-lllama -lggml -lggml-base ")
endif()

# Relative to the file itself, so that an installed tree may be moved.
file(RELATIVE_PATH pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/persamp.pc.in" persamp.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/persamp.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/persamp")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/persampConfig.cmake.in" persampConfig.cmake
    INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(persampConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/persampConfig.cmake" "${PROJECT_BINARY_DIR}/persampConfigVersion.cmake"
    DESTINATION "${package_dir}")
install(EXPORT persampTargets NAMESPACE persamp:: DESTINATION "${package_dir}")

if(EXISTS "${PROJECT_SOURCE_DIR}/docs/persamp.1")
    install(FILES "${PROJECT_SOURCE_DIR}/docs/persamp.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
endif()
# As they lie here, so that what they say of one another holds: README.md, docs/, examples/.
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs" "${PROJECT_SOURCE_DIR}/examples"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}" PATTERN "persamp.1" EXCLUDE)
foreach(folder models data)
    install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}" DESTINATION "${CMAKE_INSTALL_DATADIR}/persamp" OPTIONAL)
endforeach()
