#include "teacher/served_networks.h"

#include "core/mutex.h"

namespace shadowtutor::teacher {
namespace {

Mutex mutex;
ServedNetworks in_use ST_GUARDED_BY(mutex);

}  // namespace

void UseServedNetworks(const ServedNetworks& functions) {
  const MutexLock lock(mutex);
  in_use = functions;
}

ServedNetworks ServedNetworksInUse() {
  const MutexLock lock(mutex);
  if (!in_use.open) {
    throw Error(ErrorCode::kFailedPrecondition,
                "this program cannot reach models on servers; take a card with a file, or "
                "shadowtutor itself");
  }
  return in_use;
}

}  // namespace shadowtutor::teacher
