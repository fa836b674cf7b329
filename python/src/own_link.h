// A transport that is a Python object.
#ifndef SHADOWTUTOR_PYTHON_OWN_LINK_H_
#define SHADOWTUTOR_PYTHON_OWN_LINK_H_

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lifetime.h"
#include "shadowtutor/link.h"

namespace shadowtutor::python {

/// What a link's functions raised, first come, until it is raised from the client's function in
/// which it happened. Touched with the GIL.
struct LinkError {
  std::exception_ptr raised;
  void RaiseAgain() {
    if (raised) std::rethrow_exception(std::exchange(raised, nullptr));
  }
};

/// Calls connected(), send_key_frame(frame, index), request_student(why) and receive(wait_s) of
/// `object`, on the thread that calls the client.
class OwnLink final : public Link {
 public:
  /// Throws Error kInvalidArgument when one of these is missing. With the GIL.
  OwnLink(py::object object, std::shared_ptr<LinkError> error);

  bool Connected() override;
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override;
  bool RequestStudent(const std::string& why) override;
  bool Receive(std::vector<uint8_t>& message, std::chrono::milliseconds wait) override;

 private:
  const Held object_;
  const std::shared_ptr<LinkError> error_;
};

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_OWN_LINK_H_
