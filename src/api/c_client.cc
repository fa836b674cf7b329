// The C interface of the client. shadowtutor_client_connect is in api/client.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/c_handles.h"

using namespace shadowtutor;  // NOLINT: functions of C, which are in no namespace

namespace {

class CallbackLink final : public Link {
 public:
  explicit CallbackLink(const shadowtutor_link& link) : link_(link) {}
  ~CallbackLink() override {
    if (link_.done) link_.done(link_.context);
  }
  bool Connected() override { return link_.connected(link_.context) != 0; }
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override {
    const shadowtutor_image image = {sizeof image, frame.data, frame.width, frame.height,
                                     frame.stride};
    return link_.send_key_frame(link_.context, &image, frame_index) != 0;
  }
  bool RequestStudent(const std::string& why) override {
    link_.request_student(link_.context, why.c_str());
    return true;
  }
  bool Receive(std::vector<uint8_t>& message, std::chrono::milliseconds wait) override {
    const uint8_t* bytes = nullptr;
    size_t size = 0;
    if (link_.receive(link_.context, static_cast<int32_t>(wait.count()), &bytes, &size) == 0) {
      return false;
    }
    message.assign(bytes, bytes + (bytes ? size : 0));
    return true;
  }

 private:
  const shadowtutor_link link_;
};

}  // namespace

shadowtutor_status shadowtutor_client_new(const shadowtutor_student* student,
                                          const shadowtutor_link* link,
                                          shadowtutor_client** client) {
  return api::Guarded([&] {
    api::Require(client, "client");
    *client = nullptr;
    api::Require(link, "link");
    const shadowtutor_link taken = api::Taken(link);
    const bool complete =
        taken.connected && taken.send_key_frame && taken.request_student && taken.receive;
    if (!complete) {
      throw Error(ErrorCode::kInvalidArgument, "a link needs all of its functions but done");
    }
    std::optional<Student> begin;
    if (student) begin = student->student;
    *client = new shadowtutor_client{Client(begin, std::make_unique<CallbackLink>(taken))};
  });
}

shadowtutor_status shadowtutor_client_process(shadowtutor_client* client,
                                              const shadowtutor_image* frame, uint8_t* labels,
                                              size_t labels_size,
                                              shadowtutor_frame_report* report) {
  return api::Guarded([&] {
    api::Require(client, "client");
    api::CheckLabels(frame, labels, labels_size);
    api::Taken(report);  // before anything is done
    const FrameReport made = client->client.Process(api::ViewOf(frame), client->labels);
    api::CopyLabels(client->labels, labels, labels_size);
    api::Give({.struct_size = 0,
               .index = made.index,
               .key_frame = made.key_frame,
               .update_applied = made.update_applied,
               .stride = made.stride,
               .metric = made.metric,
               .predict_ms = made.predict_ms,
               .waited_ms = made.waited_ms},
              report);
  });
}

shadowtutor_status shadowtutor_client_student(const shadowtutor_client* client,
                                              shadowtutor_student** student) {
  return api::Guarded([&] {
    api::Require(student, "student");
    *student = nullptr;
    api::Require(client, "client");
    *student = new shadowtutor_student{client->client.student()};
  });
}

int32_t shadowtutor_client_connected(const shadowtutor_client* client) {
  try {
    return client && client->client.stats().connected;
  } catch (...) {
    return 0;
  }
}

void shadowtutor_client_free(shadowtutor_client* client) { delete client; }
