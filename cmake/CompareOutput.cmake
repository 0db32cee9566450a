# cmake -DPROGRAM=… -DINPUT=… -DEXPECTED=… -P CompareOutput.cmake: run a program, which must succeed, and compare what it
# prints with a file; with an empty EXPECTED only its exit status counts. INPUT is its standard input, /dev/null for none.
execute_process(COMMAND "${PROGRAM}" INPUT_FILE "${INPUT}" OUTPUT_VARIABLE got RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ended with ${status}; it printed:\n${got}")
endif()
if(EXPECTED)
    file(READ "${EXPECTED}" expected)
    if(NOT got STREQUAL expected)
        message(FATAL_ERROR "${PROGRAM} printed:\n${got}\nexpected (${EXPECTED}):\n${expected}")
    endif()
endif()
