// The C interface of the server.
#include <memory>
#include <string>

#include "api/c_handles.h"
#include "shadowtutor/server.h"

using namespace shadowtutor;  // NOLINT: functions of C, which are in no namespace

namespace {

class CallbackTeacher final : public Teacher {
 public:
  CallbackTeacher(shadowtutor_label_function label, void* context, const Student& student)
      : label_(label), context_(context), student_(student) {}
  TeacherAnswer Label(ImageView frame, uint64_t frame_index) override {
    const shadowtutor_image image = {sizeof image, frame.data, frame.width, frame.height,
                                     frame.stride};
    TeacherAnswer answer;
    answer.label = LabelMap(frame.width, frame.height);
    const int32_t code = label_(context_, &image, frame_index, answer.label.labels().data());
    if (code != 0) {
      throw Error(ErrorCode::kUnavailable,
                  "the teacher could not label the frame (" + std::to_string(code) + ")");
    }
    return answer;
  }
  const ClassList& classes() const override { return student_.classes(); }
  int background() const override { return student_.background(); }
  std::string description() const override { return "a function of the program's"; }

 private:
  const shadowtutor_label_function label_;
  void* const context_;
  const Student student_;
};

}  // namespace

struct shadowtutor_server {
  Server server;
  const std::string address = server.address();
};

shadowtutor_status shadowtutor_server_new(shadowtutor_label_function label, void* context,
                                          const shadowtutor_student* student,
                                          const shadowtutor_server_options* options,
                                          shadowtutor_server** server) {
  return api::Guarded([&] {
    api::Require(server, "server");
    *server = nullptr;
    if (!label) throw Error(ErrorCode::kInvalidArgument, "label is NULL");
    api::Require(student, "student");
    const shadowtutor_server_options taken = api::Taken(options);
    ServerOptions made;
    if (taken.listen) made.listen = taken.listen;
    if (taken.policy) made.policy = taken.policy;
    made.certificate = api::TextOf(taken.certificate);
    made.key = api::TextOf(taken.key);
    made.authority = api::TextOf(taken.authority);
    made.insecure = taken.insecure != 0;
    if (taken.max_sessions != 0) made.max_sessions = taken.max_sessions;
    *server = new shadowtutor_server{
        Server(std::make_shared<CallbackTeacher>(label, context, student->student),
               student->student, made)};
  });
}

const char* shadowtutor_server_address(const shadowtutor_server* server) {
  return server ? server->address.c_str() : "";
}

void shadowtutor_server_free(shadowtutor_server* server) { delete server; }
