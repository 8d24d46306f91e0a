// SPDX-License-Identifier: Apache-2.0
// lapel-dock: takes footage off cameras and hands it to the server. Data on stdout, talk on stderr.
#include <sys/stat.h>

#include "dock/command_line.h"

int main(int argc, char** argv) {
  // Keys, copies and receipts are the dock's alone, whatever the shell's umask.
  umask(0077);
  return lapel::dock::command_line()->run(argc, argv);
}
