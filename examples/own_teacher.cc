// A server whose teacher is a function of yours: here, what is bright belongs to the object.
//
//   own_teacher [LISTEN]      serves until its standard input ends
#include <shadowtutor/server.h>

#include <cstdio>
#include <memory>

namespace {

using namespace shadowtutor;

class BrightnessTeacher final : public Teacher {
 public:
  TeacherAnswer Label(ImageView frame, uint64_t) override {
    TeacherAnswer answer;
    answer.label = LabelMap(frame.width, frame.height);
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        const uint8_t* bgr = frame.row(y) + 3 * x;
        answer.label.at(x, y) = bgr[0] + bgr[1] + bgr[2] > 3 * 128;
      }
    }
    return answer;
  }
  const ClassList& classes() const override { return classes_; }
  int background() const override { return 0; }
  std::string description() const override { return "brightness"; }

 private:
  const ClassList classes_ = {{"background", {}}, {"object", {255, 128, 0}}};
};

}  // namespace

int main(int argc, char** argv) {
  try {
    ServerOptions options;
    if (argc > 1) options.listen = argv[1];
    auto teacher = std::make_shared<BrightnessTeacher>();
    const Student student = Student::Fresh(teacher->classes(), {.background = 0});
    Server server(teacher, student, options);
    std::printf("%s\n", server.address().c_str());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    std::fprintf(stderr, "%llu key frames\n",
                 static_cast<unsigned long long>(server.stats().key_frames));
  } catch (const Error& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
