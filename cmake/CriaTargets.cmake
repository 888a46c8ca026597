# The few CMake functions that every folder uses, so that a folder's CMakeLists.txt only lists files.

set(CRIA_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wvla
                  -Wno-missing-field-initializers)  # designated initialisers leave defaults alone
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND CRIA_WARNINGS -Wno-restrict)  # "a" + std::string: its bug 105651
endif()
if(CRIA_WERROR)
  list(APPEND CRIA_WARNINGS -Werror)
endif()

add_library(cria_flags INTERFACE)
target_compile_features(cria_flags INTERFACE cxx_std_20)
target_compile_options(cria_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${CRIA_WARNINGS}>)
target_include_directories(cria_flags INTERFACE "${PROJECT_SOURCE_DIR}/src"
                                                "${PROJECT_SOURCE_DIR}/include")
if(CRIA_SANITIZE)
  target_compile_options(cria_flags INTERFACE -fsanitize=${CRIA_SANITIZE} -fno-omit-frame-pointer
                                              -fno-sanitize-recover=all)
  target_link_options(cria_flags INTERFACE -fsanitize=${CRIA_SANITIZE})
endif()

# Programs and tests around the library: what they compute themselves is little, and full optimisation
# would take as long to compile as all of the library.
set(CRIA_OUTER_OPTIONS $<$<CONFIG:Release>:-O1> $<$<CONFIG:Debug>:-O0>)

# cria_add_layer(NAME SOURCES... [LIBS libs...]): one folder of src/ as an object library
# cria_layer_NAME. Position independent, because the same objects go into libcria.a and libcria.so.
function(cria_add_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(cria_layer_${name} OBJECT ${ARG_SOURCES})
  target_link_libraries(cria_layer_${name} PRIVATE cria_flags Threads::Threads ${ARG_LIBS})
  set_target_properties(cria_layer_${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    CXX_EXTENSIONS OFF)
  set_property(GLOBAL APPEND PROPERTY CRIA_LAYERS ${name})
  set_property(GLOBAL PROPERTY CRIA_LAYER_LIBS_${name} "${ARG_LIBS}")
endfunction()

# cria_add_test(NAME LAYERS layers... SOURCES files... [LIBS libs...] [LABELS labels...])
# One test program per folder, linked with just the layers that it may see.
function(cria_add_test name)
  cmake_parse_arguments(ARG "" "" "LAYERS;SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE cria_flags cria_test_support Threads::Threads
                                             ${ARG_LIBS})
  target_compile_options(test_${name} PRIVATE ${CRIA_OUTER_OPTIONS})
  foreach(layer IN LISTS ARG_LAYERS)
    target_sources(test_${name} PRIVATE $<TARGET_OBJECTS:cria_layer_${layer}>)
    get_property(libs GLOBAL PROPERTY CRIA_LAYER_LIBS_${layer})
    target_link_libraries(test_${name} PRIVATE ${libs})
  endforeach()
  if(CRIA_TEST_SHARDS)
    cria_add_test_shards(${name})
    return()
  endif()
  gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
                       PROPERTIES TIMEOUT 600 LABELS "${ARG_LABELS}")
endfunction()

# The tests of a program in a few processes. Where one takes long to start, under a sanitizer or on an
# emulated CPU, a process for every test costs more than the tests. GTEST_FILTER chooses among them.
function(cria_add_test_shards name)
  math(EXPR last "${CRIA_TEST_SHARDS} - 1")
  foreach(i RANGE ${last})
    add_test(NAME ${name}.${i} COMMAND test_${name})
    set_tests_properties(${name}.${i} PROPERTIES
      TIMEOUT 1200
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${CRIA_TEST_SHARDS};GTEST_SHARD_INDEX=${i};GTEST_OUTPUT=xml:${CMAKE_BINARY_DIR}/gtest/${name}.${i}.xml")
  endforeach()
endfunction()
