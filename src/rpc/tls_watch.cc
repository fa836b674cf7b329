#include "rpc/tls_watch.h"

#include <sys/stat.h>

#include <utility>

namespace shadowtutor::rpc {
namespace {

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

}  // namespace

TlsWatch::TlsWatch(TlsFiles files) : files_(std::move(files)), in_use_(Look()), seen_(in_use_) {}

bool TlsWatch::Changed(Clock::time_point now) {
  if (!files_.any() || (looked_ && now - *looked_ < kEvery)) return false;
  looked_ = now;
  const Identities before = std::exchange(seen_, Look());
  if (seen_ != before || seen_ == in_use_) return false;
  in_use_ = seen_;  // also where they turn out to be of no use: that is told once
  return true;
}

void TlsWatch::Read() { in_use_ = seen_ = Look(); }

TlsWatch::Identities TlsWatch::Look() const {
  Identities identities;
  size_t i = 0;
  for (const auto* file : {&files_.certificate, &files_.key, &files_.authority}) {
    struct stat found {};
    if (!file->empty() && stat(file->c_str(), &found) == 0) {
      identities[i] = {found.st_dev, found.st_ino, found.st_size, Nanoseconds(found.st_mtim),
                       Nanoseconds(found.st_ctim)};
    }
    ++i;
  }
  return identities;
}

}  // namespace shadowtutor::rpc
