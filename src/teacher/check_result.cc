#include "teacher/check_result.h"

#include <algorithm>

#include "teacher/trial.h"

namespace shadowtutor::teacher {

std::string AllOfItIs(const std::string& name, const std::string& wrong) {
  return "all of the picture is " + name + "; if there is more in it, " + wrong;
}

std::vector<ClassShare> NamedShares(const LabelMap& label, const ClassList& classes) {
  const std::vector<double> shares = ClassShares(label, classes.size());
  std::vector<ClassShare> named;
  for (size_t i = 0; i < classes.size(); ++i) {
    if (shares[i] > 0) named.push_back({classes[i].name, shares[i]});
  }
  std::stable_sort(named.begin(), named.end(),
                   [](const ClassShare& a, const ClassShare& b) { return a.share > b.share; });
  return named;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace shadowtutor::teacher
