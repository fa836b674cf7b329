// shadowtutor_client_connect of the C interface.
#include "api/c_handles.h"

using namespace shadowtutor;  // NOLINT: functions of C, which are in no namespace

shadowtutor_status shadowtutor_client_connect(const char* server,
                                              const shadowtutor_connect_options* options,
                                              shadowtutor_client** client) {
  return api::Guarded([&] {
    api::Require(client, "client");
    *client = nullptr;
    api::Require(server, "server");
    const shadowtutor_connect_options taken = api::Taken(options);
    ConnectOptions made;
    if (taken.student) made.student = taken.student->student;
    made.authority = api::TextOf(taken.authority);
    made.certificate = api::TextOf(taken.certificate);
    made.key = api::TextOf(taken.key);
    made.token_file = api::TextOf(taken.token_file);
    made.tls = taken.tls != 0;
    made.insecure = taken.insecure != 0;
    made.wait = taken.wait != 0;
    made.retry = taken.retry != 0;
    if (taken.timeout_ms != 0) made.timeout = std::chrono::milliseconds(taken.timeout_ms);
    made.key_frames_per_second = taken.key_frames_per_second;
    *client = new shadowtutor_client{Client::Connect(server, made)};
  });
}
