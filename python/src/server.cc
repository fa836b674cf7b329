#include "shadowtutor/server.h"

#include <optional>

#include "arrays.h"
#include "bindings.h"
#include "lifetime.h"
#include "record.h"
#include "seconds.h"
#include "student.h"
#include "teacher.h"

namespace shadowtutor::python {
namespace {

/// Thread safety: any thread.
class PyServer final : public Closable {
 public:
  explicit PyServer(Server server) : server_(std::move(server)), address_(server_.address()) {}
  ~PyServer() override {
    // A call of the teacher needs the GIL to return.
    const WithoutGil released;
    server_.Shutdown();
  }

  void Close() noexcept override { server_.Shutdown(); }

  const std::string& address() const { return address_; }
  ServerStats stats() const {
    const WithoutGil released;
    return server_.stats();
  }
  bool Shutdown() {
    const WithoutGil released;
    return server_.Shutdown();
  }

 private:
  Server server_;
  const std::string address_;
};

std::shared_ptr<PyServer> Serve(const py::object& teacher, const py::object& classes,
                                const std::shared_ptr<PyStudent>& student,
                                std::optional<int> background, const std::string& listen,
                                const std::string& policy, const py::dict& parts,
                                const py::object& certificate, const py::object& key,
                                const py::object& authority, bool insecure, int max_sessions,
                                int trainers, size_t max_frame_pixels, double teacher_timeout,
                                const py::object& log) {
  ServerOptions options;
  options.listen = listen;
  options.policy = policy;
  options.parts = PartsOf(parts);
  options.certificate = PathOf(certificate);
  options.key = PathOf(key);
  options.authority = PathOf(authority);
  options.insecure = insecure;
  options.max_sessions = max_sessions;
  options.trainers = trainers;
  options.max_frame_pixels = max_frame_pixels;
  options.teacher_timeout = Milliseconds(teacher_timeout, "teacher_timeout");
  options.log = LogFunction(log);
  const TeacherAndStudent both =
      TeacherAndStudentOf(teacher, classes, background, StudentOf(student), /*seed=*/1);
  std::shared_ptr<PyServer> server;
  {
    const WithoutGil released;
    server = std::make_shared<PyServer>(Server(both.teacher, both.student, options));
  }
  CloseAtExit(server);
  return server;
}

void AddServerRecords(py::module_& module) {
  Record<SessionStats>(module, "SessionStats", "One client of a server.")
      .Field("id", "Its name in the log.", &SessionStats::id)
      .Field("version", "Of its student.", &SessionStats::version)
      .Field("key_frames", "Key frames trained on.", &SessionStats::key_frames)
      .Field("steps", "Distillation steps.", &SessionStats::steps)
      .Field("metric", "mIoU (0..1) on its last key frame after training; None: none yet.",
             [](const SessionStats& s) { return MetricOf(s.metric); });
  Record<ServerStats>(module, "ServerStats", "What a server has done so far.")
      .Field("uptime_s", "Seconds since it began.", &ServerStats::uptime_s)
      .Field("sessions_opened", "Clients that it took.", &ServerStats::sessions_opened)
      .Field("sessions_refused", "Clients that it refused because it was full.",
             &ServerStats::sessions_refused)
      .Field("key_frames", "Key frames answered with an update.", &ServerStats::key_frames)
      .Field("key_frames_failed", "Key frames answered with an error.",
             &ServerStats::key_frames_failed)
      .Field("steps", "Distillation steps.", &ServerStats::steps)
      .Field("bytes_up", "Of key frames.", &ServerStats::bytes_up)
      .Field("bytes_down", "Of updates and students.", &ServerStats::bytes_down)
      .Field("teacher_ms", "What the teacher took for the last key frame.",
             &ServerStats::teacher_ms)
      .Field("train_ms", "What training took for the last key frame.", &ServerStats::train_ms)
      .Field("sessions", "Those open now, a list of SessionStats.", &ServerStats::sessions);
}

}  // namespace

void AddServer(py::module_& module) {
  AddServerRecords(module);
  py::class_<PyServer, std::shared_ptr<PyServer>>(module, "Server",
                                                  "A teacher on a port of this process, with one "
                                                  "student per client. A context manager; may be\n"
                                                  "used from any thread.")
      .def(py::init(&Serve), py::arg("teacher"), py::arg("classes") = py::none(),
           py::arg("student") = py::none(), py::kw_only(), py::arg("background") = py::none(),
           py::arg("listen") = "127.0.0.1:0", py::arg("policy") = "balanced",
           py::arg("parts") = py::dict(), py::arg("certificate") = py::none(),
           py::arg("key") = py::none(), py::arg("authority") = py::none(),
           py::arg("insecure") = false, py::arg("max_sessions") = 16, py::arg("trainers") = 0,
           py::arg("max_frame_pixels") = ServerOptions().max_frame_pixels,
           py::arg("teacher_timeout") = 30.0, py::arg("log") = py::none(),
           "Begins to serve.\n\n"
           "teacher: a function of a BGR frame, uint8 [H,W,3], that returns the class of each "
           "pixel,\n"
           "  [H,W] of uint8, any integer type or bool, or a dict of these \"labels\" and "
           "\"boxes\" of\n"
           "  the instances, [[x, y, width, height], ...]; or a Teacher; or a model card's path. "
           "It is\n"
           "  called from one thread at a time, not the caller's, and may be slow. What it raises\n"
           "  costs its key frame and is told in the log. It must not shut the server down.\n"
           "classes: what its labels stand for; by default the student's, or the card's.\n"
           "student: what sessions begin with; by default a fresh one.\n"
           "background: index of the background class, -1 for none; by default the class named\n"
           "  \"background\", if there is one.\n"
           "listen: \"HOST:PORT\"; port 0 is any free one.\n"
           "policy, parts: docs/policies.md; parts={\"max_updates\": 8}, for example.\n"
           "certificate, key: PEM files for TLS; authority: clients need a certificate of it.\n"
           "insecure: allows plain text on addresses that others can reach.\n"
           "max_sessions: clients at a time.\n"
           "trainers: key frames trained on side by side; 0: one per core and client.\n"
           "max_frame_pixels: larger frames are refused.\n"
           "teacher_timeout: seconds that the teacher may take for a frame.\n"
           "log: called with a line of text for every event, on any thread; by default the logger\n"
           "  \"shadowtutor\" gets it, with level INFO.")
      .def_property_readonly("address", &PyServer::address, "HOST:PORT, with the port in use.")
      .def("stats", &PyServer::stats, "What the server has done so far.")
      .def(
          "shutdown", &PyServer::Shutdown,
          "Ends all sessions, and returns when they have ended: True, or False when a call of the\n"
          "teacher has not returned within 5 s and is left behind.")
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PyServer& server, const py::args&) { server.Shutdown(); });
}

}  // namespace shadowtutor::python
