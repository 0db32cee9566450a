# cmake -DPROGRAM=… -DEXPECTED=… -P CompareOutput.cmake: run a program and compare what it prints with a file.
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE got RESULT_VARIABLE status)
file(READ "${EXPECTED}" expected)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} ended with ${status}; it printed:\n${got}")
endif()
if(NOT got STREQUAL expected)
    message(FATAL_ERROR "${PROGRAM} printed:\n${got}\nexpected (${EXPECTED}):\n${expected}")
endif()
