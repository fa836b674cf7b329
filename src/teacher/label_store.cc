#include "teacher/label_store.h"

#include <utility>

namespace shadowtutor::teacher {

LabelStore::LabelStore(Teacher& teacher, std::filesystem::path folder, const std::string& note,
                       const MadeFrom& made_from)
    : teacher_(teacher), folder_(std::move(folder), teacher.classes().size()) {
  folder_.WriteCard({teacher.classes(), teacher.background(), note, made_from});
}

Answer LabelStore::Label(ImageView frame, uint64_t frame_index) {
  if (auto kept = folder_.Find(frame_index, frame.size())) return std::move(*kept);
  Answer answer = teacher_.Label(frame, frame_index);
  folder_.Write(frame_index, answer);
  ++asked_;
  return answer;
}

}  // namespace shadowtutor::teacher
