// SPDX-License-Identifier: Apache-2.0
// lapel-camera: an open body camera in software. Data on stdout, talk on stderr.
#include <sys/stat.h>

#include "camera/command_line.h"

int main(int argc, char** argv) {
  // Key and footage are the camera's alone, whatever the shell's umask.
  umask(0077);
  return lapel::camera::command_line()->run(argc, argv);
}
