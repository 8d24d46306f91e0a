// SPDX-License-Identifier: Apache-2.0
#include "media/stoppable.h"

#include <utility>

namespace lapel::media {

// In the list from its start until its own thread turns to it again; from then on that thread alone touches it.
class StoppableProcess::Child final : public os::Child {
 public:
  Child(StoppableProcess& owner, std::unique_ptr<os::Child> below) : owner_(owner), below_(std::move(below)) {
    const os::MutexLock lock(owner_.mutex_);
    owner_.running_.insert(this);
    if (owner_.is_stopped_) below_->kill();
  }
  ~Child() override { take_over(); }

  Result<std::optional<os::Exit>> wait_for_ms(std::int64_t timeout_ms) override {
    take_over();
    return below_->wait_for_ms(timeout_ms);
  }
  void kill() override {
    take_over();
    below_->kill();
  }
  void kill_from_outside() { below_->kill(); }

 private:
  void take_over() {
    const os::MutexLock lock(owner_.mutex_);
    owner_.running_.erase(this);
  }

  StoppableProcess& owner_;
  const std::unique_ptr<os::Child> below_;
};

Result<std::unique_ptr<os::Child>> StoppableProcess::spawn(const os::SpawnOptions& options) {
  if (is_stopped()) return fail(Code::kUnavailable, "The server is stopping.", options.program.string());
  return std::make_unique<Child>(*this, TRY(below_.spawn(options)));
}

void StoppableProcess::stop() {
  const os::MutexLock lock(mutex_);
  is_stopped_ = true;
  for (Child* child : running_) child->kill_from_outside();
}

bool StoppableProcess::is_stopped() const {
  const os::MutexLock lock(mutex_);
  return is_stopped_;
}

}  // namespace lapel::media
