// SPDX-License-Identifier: Apache-2.0
// lapel: server and command line in one. Data on stdout, talk on stderr, exit codes as base/result.h.
#include <sys/stat.h>

#include "lapel/command_line.h"

int main(int argc, char** argv) {
  // Everything under a data directory is its owner's alone, whatever the shell's umask.
  umask(0077);
  return lapel::door::command_line()->run(argc, argv);
}
