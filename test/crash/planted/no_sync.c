// SPDX-License-Identifier: Apache-2.0
// A planted bug: files are never synced, directories are.
__attribute__((visibility("default"))) int fdatasync(int fd) {
  return fd < 0 ? -1 : 0;
}
