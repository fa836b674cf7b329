#include "teacher/label_store.h"

#include <utility>

namespace shadowtutor::teacher {

LabelStore::LabelStore(Teacher& teacher, std::filesystem::path folder, const std::string& note,
                       const MadeFrom& made_from, bool has_instances)
    : teacher_(teacher),
      folder_(std::move(folder), teacher.classes().size()),
      has_instances_(has_instances) {
  folder_.WriteCard({teacher.classes(), teacher.background(), note, made_from});
}

Answer LabelStore::Label(ImageView frame, uint64_t frame_index) {
  auto kept = folder_.Find(frame_index, frame.size());
  if (kept && (kept->has_instances || !has_instances_)) return std::move(*kept);
  Answer answer = teacher_.Label(frame, frame_index);
  folder_.Write(frame_index, answer);
  ++asked_;
  return answer;
}

}  // namespace shadowtutor::teacher
