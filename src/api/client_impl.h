// What is behind the public Client: a client of the rooms and, if it was connected to a server, the
// link's figures.
#ifndef SHADOWTUTOR_API_CLIENT_IMPL_H_
#define SHADOWTUTOR_API_CLIENT_IMPL_H_

#include <functional>
#include <memory>
#include <utility>

#include "client/client.h"
#include "client/server_link.h"
#include "shadowtutor/client.h"

namespace shadowtutor {

struct Client::Impl {
  Impl(std::shared_ptr<const nn::Checkpoint> student, std::unique_ptr<client::ServerLink> link,
       const client::ClientOptions& options, std::function<LinkStats()> figures)
      : client(std::move(student), /*version=*/0, std::move(link), options),
        stats(std::move(figures)) {}

  client::Client client;
  std::function<LinkStats()> stats;  // of the link, which the client owns; empty: zeros
};

namespace api {

client::ClientOptions OptionsOf(const ClientOptions& options);

}  // namespace api
}  // namespace shadowtutor

#endif  // SHADOWTUTOR_API_CLIENT_IMPL_H_
