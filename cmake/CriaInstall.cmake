# What `cmake --install` gives: headers, libcria.a, libcria.so, the program with its default model,
# and three ways to find the library: criaConfig.cmake, the Find modules that it needs, and cria.pc.
# All of it can be moved.
include(CMakePackageConfigHelpers)

set(cria_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cria")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/cria" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h")

# Two export sets, because an app that takes libcria.so needs neither sentencepiece nor PCRE2.
foreach(kind static shared)
  install(TARGETS cria_${kind} EXPORT cria_${kind}
          LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT cria_${kind} FILE criaTargets-${kind}.cmake NAMESPACE cria::
          DESTINATION "${cria_cmake_dir}")
endforeach()
if(CRIA_BUILD_TOOLS AND BUILD_SHARED_LIBS)  # the program finds the library that lies beside it
  file(RELATIVE_PATH cria_libdir_from_bindir
       "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
  set_target_properties(cria PROPERTIES INSTALL_RPATH "$ORIGIN/${cria_libdir_from_bindir}")
endif()

if(CRIA_BUILD_TOOLS)  # the default model and its demo house, where the source tree has them
  install(FILES "${PROJECT_SOURCE_DIR}/models/al-q8_0.gguf"
                "${PROJECT_SOURCE_DIR}/models/al/demo_house.json"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/cria" OPTIONAL)
endif()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/criaConfig.cmake.in" "${PROJECT_BINARY_DIR}/criaConfig.cmake"
  INSTALL_DESTINATION "${cria_cmake_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/criaConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)  # SameMajorVersion from 1.0 on
install(FILES "${PROJECT_BINARY_DIR}/criaConfig.cmake"
              "${PROJECT_BINARY_DIR}/criaConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindSentencePiece.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindPCRE2.cmake"
        DESTINATION "${cria_cmake_dir}")

# pkg-config knows where cria.pc lies; everything else is found from there.
file(RELATIVE_PATH cria_pc_prefix
     "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" cria_pc_prefix "${cria_pc_prefix}")
file(RELATIVE_PATH cria_pc_libdir "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_LIBDIR}")
file(RELATIVE_PATH cria_pc_includedir "${CMAKE_INSTALL_PREFIX}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/cria.pc.in" "${PROJECT_BINARY_DIR}/cria.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cria.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
