// SPDX-License-Identifier: Apache-2.0
// The floor under an upload: HTTP PUT, received into one reused buffer, hashed, written, synced, answered. No catalog, no
// ledger, no rights, no resuming. What a server costs beyond this is what it does beyond this.
//
//   sink DIR [direct] [nohash] [nosync]     listens on a free port of the loopback and prints it
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t kBufferBytes = 1 << 20;
constexpr std::size_t kBlockBytes = 4096;
constexpr std::size_t kHeadBytesMax = 8192;
constexpr int kBacklog = 256;

bool is_direct = false, hashes = true, syncs = true;
std::string directory;

// One PUT, of which `head` holds what came with it; false when the connection is to end.
bool take(int socket, std::string& head, unsigned char* buffer) {
  std::size_t end = 0;
  while ((end = head.find("\r\n\r\n")) == std::string::npos) {
    char more[kHeadBytesMax];
    const ssize_t n = ::recv(socket, more, sizeof more, 0);
    if (n <= 0 || head.size() > kHeadBytesMax) return false;
    head.append(more, static_cast<std::size_t>(n));
  }
  const std::size_t length_at = head.find("Content-Length: ");
  if (!head.starts_with("PUT /") || length_at >= end) return false;
  const std::uint64_t length = std::strtoull(head.c_str() + length_at + 16, nullptr, 10);
  const std::string path = directory + head.substr(4, head.find(' ', 4) - 4);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | (is_direct ? O_DIRECT : 0), 0640);
  if (file < 0) return false;

  EVP_MD_CTX* hash = EVP_MD_CTX_new();
  EVP_DigestInit_ex(hash, EVP_sha256(), nullptr);
  std::size_t filled = std::min<std::uint64_t>(head.size() - end - 4, length);
  std::memcpy(buffer, head.data() + end + 4, filled);
  head.erase(0, end + 4 + filled);
  bool is_good = true;
  for (std::uint64_t offset = 0; is_good && offset < length;) {
    const std::size_t wanted = std::min<std::uint64_t>(kBufferBytes, length - offset);
    while (filled < wanted) {
      const ssize_t n = ::recv(socket, buffer + filled, wanted - filled, 0);
      if (n <= 0) break;
      filled += static_cast<std::size_t>(n);
    }
    is_good = filled == wanted;
    if (hashes) EVP_DigestUpdate(hash, buffer, filled);
    const std::size_t written = is_direct ? (filled + kBlockBytes - 1) / kBlockBytes * kBlockBytes : filled;
    std::memset(buffer + filled, 0, written - filled);
    is_good = is_good && ::pwrite(file, buffer, written, static_cast<off_t>(offset)) == static_cast<ssize_t>(written);
    offset += filled;
    filled = 0;
  }
  if (is_direct) is_good = is_good && ::ftruncate(file, static_cast<off_t>(length)) == 0;
  if (syncs) is_good = is_good && ::fdatasync(file) == 0;
  ::close(file);
  unsigned char digest[32];
  EVP_DigestFinal_ex(hash, digest, nullptr);
  EVP_MD_CTX_free(hash);
  std::string answer = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nETag: \"";
  for (const unsigned char byte : digest) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    answer += two;
  }
  answer += "\"\r\n\r\n";
  return is_good && ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(answer.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: sink DIR [direct] [nohash] [nosync]\n");
    return 2;
  }
  directory = argv[1];
  for (int i = 2; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "direct") is_direct = true;
    if (flag == "nohash") hashes = false;
    if (flag == "nosync") syncs = false;
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, kBacklog) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::perror("sink");
    return 1;
  }
  std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  for (;;) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    std::thread([socket] {
      auto* buffer = static_cast<unsigned char*>(std::aligned_alloc(kBlockBytes, kBufferBytes));
      std::string head;
      while (take(socket, head, buffer)) continue;
      std::free(buffer);
      ::close(socket);
    }).detach();
  }
}
