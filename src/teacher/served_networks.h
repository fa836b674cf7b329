// Where a program enters what reaches models on servers. teacher/ itself knows no transport;
// teacher/oip/ has the one that there is.
#ifndef SHADOWTUTOR_TEACHER_SERVED_NETWORKS_H_
#define SHADOWTUTOR_TEACHER_SERVED_NETWORKS_H_

#include <memory>
#include <string>
#include <vector>

#include "teacher/model_card.h"
#include "teacher/runtime_network.h"

namespace shadowtutor::teacher {

struct ServedNetworks {
  /// Opens the model of a card with the runtime kOip: as many networks as calls may be under way,
  /// all on one connection, each for one thread at a time. Does not wait for the server. Throws
  /// Error for what would be wrong whether or not the server is there.
  std::vector<std::unique_ptr<Network>> (*open)(const ModelCard& card) = nullptr;
  /// Asks the server. Returns what does not fit the card, in sentences; empty: all of it fits.
  /// Throws Error as `open`.
  std::vector<std::string> (*check)(const ModelCard& card) = nullptr;
};

/// To be called at a program's start; without it, cards of models on servers are refused.
///
/// Thread safety of all: any thread.
void UseServedNetworks(const ServedNetworks& functions);

/// The functions in use. Throws Error kFailedPrecondition if there are none.
ServedNetworks ServedNetworksInUse();

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_SERVED_NETWORKS_H_
