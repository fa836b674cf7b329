// A server for the teacher of a model card, beside whatever else your process does.
//
//   server_in_process CARD [STUDENT]      tells what it did whenever a line comes on standard input
#include <shadowtutor/server.h>

#include <cstdio>
#include <memory>
#include <optional>

using namespace shadowtutor;

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: server_in_process CARD [STUDENT]\n"), 2;
  try {
    std::optional<Student> student;
    if (argc > 2) student = Student::Load(argv[2]);
    const std::shared_ptr<Teacher> teacher =
        student ? OpenTeacher(argv[1], student->classes(), student->background())
                : OpenTeacher(argv[1]);
    if (!student) {
      student = Student::Fresh(teacher->classes(), {.background = teacher->background()});
    }
    ServerOptions options;
    options.log = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    Server server(teacher, *student, options);
    std::printf("%s\n", server.address().c_str());
    std::fflush(stdout);
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
      if (c != '\n') continue;
      const ServerStats stats = server.stats();
      std::printf("%zu sessions, %llu key frames, teacher %.0f ms, training %.0f ms\n",
                  stats.sessions.size(), static_cast<unsigned long long>(stats.key_frames),
                  stats.teacher_ms, stats.train_ms);
      std::fflush(stdout);
    }
  } catch (const Error& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
