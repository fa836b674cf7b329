// The link between a server and a client process, with a bandwidth that can be set.
#ifndef SHADOWTUTOR_EVAL_LIVE_LINK_H_
#define SHADOWTUTOR_EVAL_LIVE_LINK_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/live/link_count.h"

namespace shadowtutor::eval::live {

/// Thread safety: one thread.
class Link {
 public:
  virtual ~Link() = default;
  /// "namespaces" or "limit", as in results.json.
  virtual std::string name() const = 0;
  /// From now on so many Mbit (10^6 bits) a second in each direction.
  virtual void SetBandwidth(double mbit) = 0;
  /// What has crossed it since it was made; nullopt for a link whose packets nobody can count.
  /// Throws Error kUnavailable when the system does not tell.
  virtual std::optional<LinkCount> Count() const { return std::nullopt; }
  /// What of the bandwidth is left for TCP's payload, 0 to 1.
  virtual double payload_share() const = 0;

  /// File descriptors of the network namespaces; -1: ours.
  virtual int server_namespace() const { return -1; }
  virtual int client_namespace() const { return -1; }
  /// The server's IP address, at which it shall listen.
  virtual std::string server_address() const = 0;
  /// Whether that is outside of loopback, where plain text must be asked for.
  virtual bool beyond_loopback() const { return false; }
  /// Further arguments of `shadowtutor run`.
  virtual std::vector<std::string> client_arguments() const { return {}; }
};

/// The limit within the client (`shadowtutor run --bandwidth`), over loopback. Needs nothing.
std::unique_ptr<Link> LimitLink();

/// Two network namespaces with a pair of virtual Ethernet devices between them, and Linux's token
/// bucket filter (`tc tbf`) on both ends. Needs root and iproute2. Both namespaces are removed with
/// the object; those of processes that were killed are removed by the next one. Throws Error
/// kUnavailable.
std::unique_ptr<Link> NamespaceLink();

/// Why there can be no NamespaceLink here; empty if there can.
std::string WhyNoNamespaces();

/// `choice`: namespaces, limit, or auto: namespaces where they can be had, else the limit; `log`
/// hears why. Throws Error kUnavailable when what was asked for cannot be had.
std::unique_ptr<Link> OpenLink(const std::string& choice,
                               const std::function<void(const std::string& line)>& log);

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_LINK_H_
