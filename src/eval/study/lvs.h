// The Long Video Segmentation dataset (Mullapudi et al., ICCV 2019; the paper's reference 18) in
// its own layout: a folder per sequence with SEQUENCE000.mp4 and so on in it.
#ifndef SHADOWTUTOR_EVAL_STUDY_LVS_H_
#define SHADOWTUTOR_EVAL_STUDY_LVS_H_

#include <filesystem>
#include <string>
#include <vector>

#include "eval/study/clip_set.h"

namespace shadowtutor::eval {

/// The clips of the dataset in `folder`: the first video of every sequence that has labels, which
/// tools/lvs_labels.py makes from the detections that come with the dataset (STEM-labels/ beside
/// STEM.mp4). A video that was converted to 720p (STEM-720p.mp4) is taken instead of its original.
/// Throws Error: kNotFound (no such folder), kInvalidArgument (no video in it has labels; says how
/// to make them).
std::vector<ClipSpec> ListLvs(const std::filesystem::path& folder);

/// Camera and scene of a sequence by its name, as the paper groups them; sequences that are not
/// known are "other". The paper does not list its groups: this is a reading of the names.
struct LvsCategory {
  std::string camera, scene;
};
LvsCategory CategoryOfLvs(const std::string& sequence);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_LVS_H_
