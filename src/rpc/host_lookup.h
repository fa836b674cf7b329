// Whether an address can be what a user means by it: names are looked up, and a server's address
// must be one of this machine's.
#ifndef SHADOWTUTOR_RPC_HOST_LOOKUP_H_
#define SHADOWTUTOR_RPC_HOST_LOOKUP_H_

#include "rpc/address.h"

namespace shadowtutor::rpc {

/// Throws Error kUnavailable with the reason when the host is a name that cannot be looked up. May
/// take as long as the system's resolver does, some 10 s where no name server answers.
///
/// Thread safety of both: any thread.
void CheckHostIsKnown(const ServerAddress& address);

/// Throws Error kUnavailable when no server of this user could ever listen there: the name cannot
/// be looked up, the address is none of this machine's, the port is one that only root may take,
/// or the folder of a Unix socket does not exist or may not be written. Whether the port is free is
/// not looked at.
void CheckCouldListen(const ServerAddress& address);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_HOST_LOOKUP_H_
