// SPDX-License-Identifier: Apache-2.0
#include "os/process.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lapel::os {
namespace {

constexpr std::int64_t kPatienceMs = 60'000;  // how long a test waits for what must come

// A shell script with the standard output kept.
struct Ran {
  Exit exit;
  std::string out;
};
Ran run_shell(const std::string& script, SpawnOptions options = {}) {
  auto pipe = Pipe::open();
  EXPECT_TRUE(pipe);
  options.program = "/bin/sh";
  options.arguments = {"-c", script};
  if (options.descriptors.size() < 2) options.descriptors.resize(2, kNoDescriptor);
  options.descriptors[1] = pipe->write_end();
  auto child = real_process()->spawn(options);
  if (!child) {
    ADD_FAILURE() << child.error().text();
    return {};
  }
  pipe->close_write_end();
  auto out = pipe->read_all(1 << 20, kPatienceMs);
  EXPECT_TRUE(out);
  const auto exit = (*child)->wait_for_ms(kPatienceMs);
  EXPECT_TRUE(exit && *exit);
  return {**exit, out.value_or("")};
}

TEST(Process, TellsTheExitCodeAndTheOutput) {
  const Ran ran = run_shell("echo hello; exit 7");
  EXPECT_EQ(ran.exit, (Exit{7, 0}));
  EXPECT_EQ(ran.out, "hello\n");
}

TEST(Process, TellsTheSignal) {
  EXPECT_EQ(run_shell("kill -SEGV $$").exit.signal, SIGSEGV);
}

TEST(Process, GivesExactlyTheDescriptorsNamed) {
  const int ours = open("/dev/null", O_RDONLY);  // without O_CLOEXEC: must not leak all the same
  ASSERT_GE(ours, 0);
  auto extra = Pipe::open();
  ASSERT_TRUE(extra);
  SpawnOptions options;
  options.descriptors = {kNoDescriptor, kNoDescriptor, kNoDescriptor, extra->read_end()};
  // The shell's own glob opens the directory, so one number beyond ours comes and goes.
  const Ran ran = run_shell("for n in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$n ] && echo $n; done", options);
  EXPECT_EQ(ran.out, "0\n1\n2\n3\n");
  close(ours);
}

TEST(Process, KeepsDescriptorsApartWhateverTheirNumbers) {
  // The sources are the targets in another order: a naive dup2 loop would overwrite one before its turn.
  const std::string name = testing::TempDir() + "process_test_order";
  std::ofstream(name) << "first";
  const int file = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  std::filesystem::remove(name);
  auto pipe = Pipe::open();
  ASSERT_TRUE(pipe);
  ASSERT_TRUE(pipe->write(as_bytes("second")));
  pipe->close_write_end();
  SpawnOptions options;
  options.descriptors.assign(static_cast<std::size_t>(std::max(file, pipe->read_end())) + 1, kNoDescriptor);
  options.descriptors[static_cast<std::size_t>(file)] = pipe->read_end();
  options.descriptors[static_cast<std::size_t>(pipe->read_end())] = file;
  const std::string script = "cat <&" + std::to_string(file) + "; echo; cat <&" + std::to_string(pipe->read_end());
  EXPECT_EQ(run_shell(script, options).out, "second\nfirst");
  close(file);
}

TEST(Process, GivesNoEnvironmentButTheOneNamed) {
  setenv("LAPEL_PROCESS_TEST", "secret", 1);
  SpawnOptions options;
  options.environment = {"ONLY=this"};
  const Ran ran = run_shell("tr '\\0' '\\n' </proc/self/environ", options);
  EXPECT_EQ(ran.out.find("secret"), std::string::npos);
  EXPECT_NE(ran.out.find("ONLY=this"), std::string::npos);
}

TEST(Process, StartsInItsOwnSessionAndAtTheRoot) {
  const Ran ran = run_shell("echo $$ $(cut -d' ' -f6 /proc/$$/stat); pwd");
  const auto space = ran.out.find(' ');
  const auto line = ran.out.find('\n');
  EXPECT_EQ(ran.out.substr(0, space), ran.out.substr(space + 1, line - space - 1));
  EXPECT_EQ(ran.out.substr(line + 1), "/\n");
}

TEST(Process, RestoresSignalDispositionsAndTheMask) {
  signal(SIGTERM, SIG_IGN);
  EXPECT_EQ(run_shell("kill -TERM $$; exit 0").exit.signal, SIGTERM);
  signal(SIGTERM, SIG_DFL);
}

TEST(Process, SaysWhenAProgramCannotBeRun) {
  const auto process = real_process();
  SpawnOptions options;
  options.program = "/nowhere/nothing";
  auto missing = process->spawn(options);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), Code::kNotFound);
  EXPECT_NE(missing.error().context.find("execve"), std::string::npos);

  options.program = "/etc/passwd";
  auto plain = process->spawn(options);
  ASSERT_FALSE(plain);
  EXPECT_EQ(plain.error().code(), Code::kDenied);
}

TEST(Process, WaitsNoLongerThanAskedAndKills) {
  const auto process = real_process();
  SpawnOptions options;
  options.program = "/usr/bin/tail";
  options.arguments = {"-f", "/dev/null"};
  auto child = process->spawn(options);
  ASSERT_TRUE(child) << child.error().text();
  const auto running = (*child)->wait_for_ms(1);
  ASSERT_TRUE(running);
  EXPECT_FALSE(*running);
  (*child)->kill();
  const auto ended = (*child)->wait_for_ms(kPatienceMs);
  ASSERT_TRUE(ended && *ended);
  EXPECT_EQ((**ended).signal, SIGKILL);
  (*child)->kill();  // again, without harm
  EXPECT_EQ(*(*child)->wait_for_ms(0), *ended);
}

TEST(Process, ADroppedChildIsKilledAndReaped) {
  auto pipe = Pipe::open();
  ASSERT_TRUE(pipe);
  SpawnOptions options;
  options.program = "/usr/bin/tail";
  options.arguments = {"-f", "/dev/null"};
  options.descriptors = {kNoDescriptor, pipe->write_end()};
  { ASSERT_TRUE(real_process()->spawn(options)); }
  pipe->close_write_end();
  const auto end = pipe->read_all(1, kPatienceMs);  // the stream ends only with the child
  ASSERT_TRUE(end);
  EXPECT_EQ(*end, "");
}

TEST(Process, HoldsItsLimits) {
  SpawnOptions options;
  options.limits = {.cpu_seconds = 9, .address_space_bytes = std::uint64_t{1} << 30, .file_bytes = 1024};
  const Ran ran = run_shell("ulimit -St; ulimit -Ht; ulimit -v; ulimit -f", options);
  EXPECT_EQ(ran.out, "9\n10\n1048576\n2\n");  // seconds, seconds, KiB, blocks of 512
}

TEST(Process, LetsEverybodyElseGoFirstWhenAsked) {
  const Ran before = run_shell("nice");
  SpawnOptions options;
  options.niceness = 3;
  const Ran ran = run_shell("nice", options);
  EXPECT_EQ(std::stoi(ran.out), std::min(19, std::stoi(before.out) + 3));
}

TEST(Pipe, RefusesMoreThanItsReaderAskedFor) {
  auto pipe = Pipe::open();
  ASSERT_TRUE(pipe);
  ASSERT_TRUE(pipe->write(as_bytes("12345")));
  pipe->close_write_end();
  const auto text = pipe->read_all(4, kPatienceMs);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), Code::kTooLarge);
}

TEST(Pipe, GivesUpOnASilentWriter) {
  auto pipe = Pipe::open();
  ASSERT_TRUE(pipe);
  const auto text = pipe->read_all(4, 1);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace lapel::os
