#include "shadowtutor/client.h"

#include <chrono>
#include <future>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>

#include "arrays.h"
#include "bindings.h"
#include "lifetime.h"
#include "one_at_a_time.h"
#include "own_link.h"
#include "record.h"
#include "seconds.h"
#include "shadowtutor/video_encoder.h"
#include "student.h"

namespace shadowtutor::python {
namespace {

std::function<std::unique_ptr<KeyFrameEncoder>()> EncoderOf(const std::string& name) {
  KeyFrameCodec codec;
  if (name == "jpeg") return {};
  if (name == "h264") {
    codec = KeyFrameCodec::kH264;
  } else if (name == "vp9") {
    codec = KeyFrameCodec::kVp9;
  } else if (name == "av1") {
    codec = KeyFrameCodec::kAv1;
  } else {
    throw Error(ErrorCode::kInvalidArgument,
                "there is no encoder \"" + name + "\"; there are jpeg, h264, vp9 and av1");
  }
  return [codec] { return MakeVideoEncoder(codec); };
}

/// Thread safety: any thread; calls wait for each other.
class PyClient final : public Closable {
 public:
  PyClient(Client client, std::shared_ptr<LinkError> link_error)
      : client_(std::move(client)), link_error_(std::move(link_error)) {}
  ~PyClient() override {
    const WithoutGil released;
    client_.reset();
  }

  void Close() noexcept override {
    try {
      const OneAtATime::Lock lock(gate_);
      if (client_) last_stats_ = client_->stats();
      if (client_) last_stats_.connected = false;
      client_.reset();
    } catch (const Error&) {  // a link of the program's own ends the interpreter; nothing to close
    }
  }

  py::tuple Process(const py::object& frame, const py::object& out) {
    const Frame taken(frame);
    CheckOut(out, taken.view().size());
    LabelMap labels;
    const FrameReport report =
        Use([&](Client& client) { return client.Process(taken.view(), labels); });
    return py::make_tuple(out.is_none() ? ArrayOf(std::move(labels)) : CopyTo(labels, out), report);
  }

  bool HasStudent() {
    return Use([](Client& client) { return client.HasStudent(); });
  }

  std::shared_ptr<PyStudent> student() {
    return Use([](Client& client) { return std::make_shared<PyStudent>(client.student()); });
  }

  LinkStats stats() {
    const WithoutGil released;
    const OneAtATime::Lock lock(gate_);
    return client_ ? client_->stats() : last_stats_;
  }

 private:
  // Calls `use` without the GIL, and raises what a link of the program's own has raised meanwhile.
  template <typename Call>
  std::invoke_result_t<Call, Client&> Use(Call&& call) {
    const auto result = [&] {
      const WithoutGil released;
      const OneAtATime::Lock lock(gate_);
      if (!client_) throw Error(ErrorCode::kFailedPrecondition, "the client is closed");
      return call(*client_);
    };
    if (!link_error_) return result();
    try {
      auto value = result();
      link_error_->RaiseAgain();
      return value;
    } catch (const Error&) {
      link_error_->RaiseAgain();
      throw;
    }
  }

  OneAtATime gate_;
  std::optional<Client> client_;  // absent: closed
  LinkStats last_stats_;          // of a closed client
  const std::shared_ptr<LinkError> link_error_;
};

std::shared_ptr<PyClient> Kept(std::shared_ptr<PyClient> client) {
  CloseAtExit(client);
  return client;
}

// Connects on a thread of its own, while this one handles signals, so that Ctrl-C ends the waiting.
std::shared_ptr<PyClient> Connected(const std::string& address, ConnectOptions options) {
  constexpr std::chrono::milliseconds kLook{50};
  std::stop_source stop;
  options.stop = stop.get_token();
  {
    const WithoutGil released;
    auto connecting =
        std::async(std::launch::async, [&] { return Client::Connect(address, options); });
    bool interrupted = false;
    while (!interrupted && connecting.wait_for(kLook) != std::future_status::ready) {
      interrupted = Interrupted();
    }
    if (!interrupted) return std::make_shared<PyClient>(connecting.get(), nullptr);
    stop.request_stop();  // and the thread is waited for
  }
  throw py::error_already_set();
}

std::shared_ptr<PyClient> Connect(const std::string& address,
                                  const std::shared_ptr<PyStudent>& student, bool wait,
                                  const std::string& encoder, double timeout, bool retry,
                                  double key_frames_per_second, bool tls,
                                  const py::object& authority, const py::object& certificate,
                                  const py::object& key, const py::object& token_file,
                                  bool insecure, std::optional<std::pair<int, int>> frame_size,
                                  const py::object& log) {
  ConnectOptions options;
  options.student = StudentOf(student);
  options.wait = wait;
  options.encoder = EncoderOf(encoder);
  options.timeout = Milliseconds(timeout, "timeout");
  options.retry = retry;
  options.key_frames_per_second = key_frames_per_second;
  options.tls = tls;
  options.authority = PathOf(authority);
  options.certificate = PathOf(certificate);
  options.key = PathOf(key);
  options.token_file = PathOf(token_file);
  options.insecure = insecure;
  if (frame_size) options.frame_size = {frame_size->first, frame_size->second};
  options.log = LogFunction(log);
  return Kept(Connected(address, std::move(options)));
}

std::shared_ptr<PyClient> Over(const py::object& link, const std::shared_ptr<PyStudent>& student,
                               bool wait, double key_frames_per_second) {
  ClientOptions options;
  options.wait = wait;
  options.key_frames_per_second = key_frames_per_second;
  auto error = std::make_shared<LinkError>();
  return Kept(std::make_shared<PyClient>(
      Client(StudentOf(student), std::make_unique<OwnLink>(link, error), options), error));
}

void Close(PyClient& client) {
  const WithoutGil released;
  client.Close();
}

void AddRecords(py::module_& module) {
  Record<FrameReport>(module, "FrameReport", "What happened at one frame.")
      .Field("index", "0 for the first frame.", &FrameReport::index)
      .Field("key_frame", "Whether this frame was sent.", &FrameReport::key_frame)
      .Field("update_applied", "Whether new weights were put to use before this frame.",
             &FrameReport::update_applied)
      .Field("stride", "Frames from one key frame to the next, at present.", &FrameReport::stride)
      .Field("metric", "mIoU (0..1) on the last key frame after training; None: none yet.",
             [](const FrameReport& r) { return MetricOf(r.metric); })
      .Field("predict_ms", "What the prediction took.", &FrameReport::predict_ms)
      .Field("waited_ms", "What waiting for an overdue update took; 0 without wait=True.",
             &FrameReport::waited_ms);
  Record<LinkStats>(module, "LinkStats",
                    "What a client has exchanged with servers; zeros with a link of one's own.")
      .Field("connected", "Whether there is a session.", &LinkStats::connected)
      .Field("sessions", "Connections that a server welcomed.", &LinkStats::sessions)
      .Field("key_frames", "Key frames sent.", &LinkStats::key_frames)
      .Field("updates", "Updates received.", &LinkStats::updates)
      .Field("bytes_up", "Of key frames.", &LinkStats::bytes_up)
      .Field("bytes_down", "Of updates.", &LinkStats::bytes_down)
      .Field("refusal",
             "Why the last attempt to connect again failed, where the next one will fail as well "
             "unless somebody changes a setting; else None.",
             [](const LinkStats& stats) {
               return stats.refusal ? std::optional<std::string>(stats.refusal->what())
                                    : std::nullopt;
             });
}

}  // namespace

void AddClient(py::module_& module) {
  AddRecords(module);
  py::class_<PyClient, std::shared_ptr<PyClient>>(
      module, "Client",
      "Labels every frame on this machine at once, and has its student taught by a server. When "
      "the\n"
      "connection is lost, it goes on with the weights that it has and connects again. A context\n"
      "manager; calls from several threads wait for each other.")
      .def(py::init(&Connect), py::arg("address"), py::arg("student") = py::none(), py::kw_only(),
           py::arg("wait") = false, py::arg("encoder") = "jpeg", py::arg("timeout") = 15.0,
           py::arg("retry") = false, py::arg("key_frames_per_second") = 0.0, py::arg("tls") = false,
           py::arg("authority") = py::none(), py::arg("certificate") = py::none(),
           py::arg("key") = py::none(), py::arg("token_file") = py::none(),
           py::arg("insecure") = false, py::arg("frame_size") = py::none(),
           py::arg("log") = py::none(),
           "Connects to a server, \"HOST:PORT\", and waits until there is a student.\n\n"
           "student: what to begin with; by default the server's.\n"
           "wait: whether frames wait for an overdue update, as the paper has it for files.\n"
           "encoder: of key frames: jpeg, h264, vp9 or av1.\n"
           "timeout: seconds for the server's welcome and its student.\n"
           "retry: whether to keep trying within that time when nobody answers.\n"
           "key_frames_per_second: at most so many, whatever the server wants; 0: no bound.\n"
           "tls, authority, certificate, key: TLS, and its PEM files.\n"
           "token_file: its only line is the token by which the server knows this device.\n"
           "insecure: allows plain text to other machines.\n"
           "frame_size: (width, height), so that a server can refuse frames that are too large.\n"
           "log: called with a line of text for every change of the connection; by default the\n"
           "  logger \"shadowtutor\" gets it, with level INFO.\n\n"
           "Raises InvalidArgument, Unavailable, DeadlineExceeded, Unauthenticated (the server "
           "does\n"
           "not know the token), or FailedPrecondition (the student's classes are not the "
           "server's).")
      .def_static(
          "over", &Over, py::arg("link"), py::arg("student") = py::none(), py::kw_only(),
          py::arg("wait") = false, py::arg("key_frames_per_second") = 0.0,
          "A client on a transport of your own: an object with\n\n"
          "  connected() -> bool\n"
          "  send_key_frame(frame, index) -> bool: takes a copy of the frame, uint8 [H,W,3], to a\n"
          "    Trainer\n"
          "  request_student(why) -> bool: asks it for Trainer.whole_student()\n"
          "  receive(wait_s) -> bytes | None: the Trainer's next message; waits so many seconds "
          "at\n"
          "    most\n\n"
          "They are called on the thread that calls the client, and must not call it. What they\n"
          "raise is raised by the client's function.")
      .def(
          "process", &PyClient::Process, py::arg("frame"), py::arg("out") = py::none(),
          "Labels one BGR frame, uint8 [H,W,3]: returns the class of each pixel, uint8 [H,W], and\n"
          "a FrameReport. Never waits for the network unless wait=True. Trouble with the network\n"
          "is no error.\n\n"
          "out: an array uint8 [H,W] to copy the labels to, which is then returned.")
      .def("has_student", &PyClient::HasStudent,
           "Whether there is a student to predict with. Looks for one that has arrived.")
      .def_property_readonly("student", &PyClient::student, "The student as it is taught by now.")
      .def("stats", &PyClient::stats, "What was exchanged with servers so far.")
      .def("close", &Close, "Ends the session. process() fails afterwards.")
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PyClient& client, const py::args&) { Close(client); });
}

}  // namespace shadowtutor::python
