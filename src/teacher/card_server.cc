#include "teacher/card_server.h"

#include <chrono>
#include <string>

namespace shadowtutor::teacher {
namespace {

constexpr double kLeastDeadline = 0.1, kMostDeadline = 300;  // seconds
constexpr int kMostRetries = 10;

// `tls: true`, or {ca: ..., cert: ..., key: ...}.
void ReadTls(const CardYaml& card, const YAML::Node& tls, const std::filesystem::path& folder,
             ServerSpec& spec) {
  if (tls.IsScalar()) {
    spec.use_tls = card.Flag(tls, "server.tls");
    return;
  }
  if (!tls.IsMap()) {
    card.Fail(tls.Mark(), "`server.tls` is true, or {ca: FILE}, {ca: FILE, cert: FILE, key: FILE}");
  }
  card.CheckKeys(tls, " in `server.tls`", {"ca", "cert", "key"});
  const auto file = [&](const char* key, std::filesystem::path& path) {
    if (!tls[key]) return;
    path = (folder / card.Text(tls[key], std::string("server.tls.") + key)).lexically_normal();
  };
  spec.use_tls = true;
  file("ca", spec.authority);
  file("cert", spec.certificate);
  file("key", spec.key);
}

}  // namespace

ServerSpec ReadServerSpec(const CardYaml& card, const YAML::Node& section,
                          const std::filesystem::path& folder) {
  if (!section.IsMap()) {
    card.Fail(section.Mark(), "`server` has the keys address, model and others");
  }
  card.CheckKeys(section, " in `server`",
                 {"address", "model", "version", "tls", "insecure", "token_file", "deadline",
                  "retries", "in_flight"});
  ServerSpec spec;
  const auto required = [&](const char* key, const char* what) {
    if (!section[key]) {
      card.Fail(section.Mark(), std::string("`server.") + key + "` is missing: " + what);
    }
    return card.Text(section[key], std::string("server.") + key);
  };
  spec.address = required("address", "HOST:PORT of the server's gRPC, such as localhost:8001");
  spec.model = required("model", "the name under which the server has the model");
  if (section["version"]) spec.version = card.Text(section["version"], "server.version");
  if (section["tls"]) ReadTls(card, section["tls"], folder, spec);
  if (section["insecure"]) spec.insecure = card.Flag(section["insecure"], "server.insecure");
  if (section["token_file"]) {
    spec.token_file =
        (folder / card.Text(section["token_file"], "server.token_file")).lexically_normal();
  }
  if (section["deadline"]) {
    const double seconds =
        card.NumberWithin(section["deadline"], "server.deadline", kLeastDeadline, kMostDeadline);
    spec.deadline = std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  }
  if (section["retries"]) {
    spec.retries = card.Integer(section["retries"], "server.retries", 0, kMostRetries);
  }
  if (section["in_flight"]) {
    spec.in_flight = card.Integer(section["in_flight"], "server.in_flight", 1, kMaxInFlight);
  }
  return spec;
}

}  // namespace shadowtutor::teacher
