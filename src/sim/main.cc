// SPDX-License-Identifier: Apache-2.0
// lapel-sim: what stands in for cameras of other makers where there are none. Data on stdout, talk on stderr.
#include "sim/command_line.h"

int main(int argc, char** argv) {
  return lapel::sim::command_line()->run(argc, argv);
}
