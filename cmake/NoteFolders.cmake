# Part of installing: which of the folders in folders_used (relative to the prefix, or absolute) and above them are not
# there yet, appended to notes_here/install_folders.txt; beside install_manifest.txt, and with the component in its name
# where that has it. Uninstalling removes those if they are empty then.
set(notes "${notes_here}/install_folders.txt")
if(CMAKE_INSTALL_COMPONENT)
    set(notes "${notes_here}/install_folders_${CMAKE_INSTALL_COMPONENT}.txt")
endif()
foreach(folder IN LISTS folders_used)
    if(NOT IS_ABSOLUTE "${folder}")
        set(folder "${CMAKE_INSTALL_PREFIX}/${folder}")
    endif()
    set(parent "")
    while(NOT IS_DIRECTORY "$ENV{DESTDIR}${folder}" AND NOT folder STREQUAL parent)
        file(APPEND "${notes}" "${folder}\n")
        set(parent "${folder}")
        cmake_path(GET parent PARENT_PATH folder)
    endwhile()
endforeach()
