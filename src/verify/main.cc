// SPDX-License-Identifier: Apache-2.0
// lapel-verify: what a court, a defense or a newsroom runs on its own machine. It reads files, does
// arithmetic, and says what follows; it opens no socket and believes no key that its user did not give.
#include "verify/command_line.h"

int main(int argc, char** argv) {
  return lapel::verify::command_line()->run(argc, argv);
}
