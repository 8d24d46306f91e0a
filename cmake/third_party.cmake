# SPDX-License-Identifier: Apache-2.0
# Third-party libraries, all from Debian packages, except SQLite: Debian 12's 3.40 has the WAL-reset bug, so the
# amalgamation that the npm package better-sqlite3 ships is compiled once by tools/setup.sh for all presets.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)

set(LAPEL_THIRD_PARTY ${CMAKE_SOURCE_DIR}/build/third_party)
if(NOT EXISTS ${LAPEL_THIRD_PARTY}/libsqlite3.a)
  message(FATAL_ERROR "SQLite is not built yet: run `make setup` first.")
endif()
add_library(third_party_sqlite INTERFACE)
target_include_directories(third_party_sqlite SYSTEM INTERFACE ${LAPEL_THIRD_PARTY}/sqlite3)
target_link_libraries(third_party_sqlite INTERFACE ${LAPEL_THIRD_PARTY}/libsqlite3.a Threads::Threads dl m)

find_package(PostgreSQL REQUIRED)
add_library(third_party_pq INTERFACE)
target_include_directories(third_party_pq SYSTEM INTERFACE ${PostgreSQL_INCLUDE_DIRS})
target_link_libraries(third_party_pq INTERFACE ${PostgreSQL_LIBRARIES})

add_library(third_party_sodium INTERFACE)
target_link_libraries(third_party_sodium INTERFACE sodium)

# Passkeys, one-time codes, and the QR code that carries an app its secret.
find_package(PkgConfig REQUIRED)
pkg_check_modules(FACTORS REQUIRED IMPORTED_TARGET libfido2 liboath libqrencode)
add_library(third_party_factors INTERFACE)
target_link_libraries(third_party_factors INTERFACE PkgConfig::FACTORS)

# Reports on paper.
pkg_check_modules(PAPER REQUIRED IMPORTED_TARGET pangocairo)
add_library(third_party_paper INTERFACE)
target_link_libraries(third_party_paper INTERFACE PkgConfig::PAPER)

# Archives that people bring; the server reads none.
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
add_library(third_party_zip INTERFACE)
target_link_libraries(third_party_zip INTERFACE PkgConfig::ZIP)

# Boost.JSON is header-only here: base/json_parse.cc includes boost/json/src.hpp.
add_library(third_party_boost INTERFACE)
target_compile_definitions(third_party_boost INTERFACE BOOST_ERROR_CODE_HEADER_ONLY BOOST_ALL_NO_LIB)

# Only lapel-media and lapel-camera link these: Debian's FFmpeg is GPL, and no other program reads or makes footage.
pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET libavformat libavcodec libswscale libswresample libavutil)
pkg_check_modules(DEVICES REQUIRED IMPORTED_TARGET libavdevice)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
add_library(third_party_ffmpeg INTERFACE)
target_link_libraries(third_party_ffmpeg INTERFACE PkgConfig::FFMPEG)
add_library(third_party_devices INTERFACE)
target_link_libraries(third_party_devices INTERFACE PkgConfig::DEVICES)
add_library(third_party_seccomp INTERFACE)
target_link_libraries(third_party_seccomp INTERFACE PkgConfig::SECCOMP)
add_library(third_party_expat INTERFACE)
target_link_libraries(third_party_expat INTERFACE PkgConfig::EXPAT)
