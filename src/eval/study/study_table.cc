#include "eval/study/study_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <limits>
#include <map>
#include <string_view>

namespace shadowtutor::eval {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

using Quantity = double (*)(const RunRecord& run);

// What a run never reached.
constexpr double kNever = std::numeric_limits<double>::infinity();

struct Column {
  std::string label;
  std::map<std::string, const RunRecord*> runs;  // by clip
};

struct Category {
  std::string name;
  std::vector<std::string> clips;
};

std::vector<Column> Columns(const StudyResults& results) {
  std::vector<Column> columns;
  for (const RunRecord& run : results.runs) {
    auto column = std::find_if(columns.begin(), columns.end(),
                               [&](const Column& one) { return one.label == run.label; });
    if (column == columns.end()) column = columns.insert(column, {run.label, {}});
    column->runs[run.clip] = &run;
  }
  return columns;
}

std::vector<Category> Categories(const StudyResults& results) {
  std::vector<Category> categories;
  for (const ClipRecord& clip : results.clips) {
    std::string name = clip.camera;
    if (!clip.scene.empty()) name += (name.empty() ? "" : " ") + clip.scene;
    auto category = std::find_if(categories.begin(), categories.end(),
                                 [&](const Category& one) { return one.name == name; });
    if (category == categories.end()) category = categories.insert(category, {name, {}});
    category->clips.push_back(clip.name);
  }
  return categories;
}

double OfClip(const Column& column, const std::string& clip, Quantity quantity) {
  const auto run = column.runs.find(clip);
  return run == column.runs.end() ? kNothing : quantity(*run->second);
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  int count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? kNothing : sum / count;
}

double OfCategory(const Column& column, const Category& category, Quantity quantity) {
  std::vector<double> values;
  values.reserve(category.clips.size());
  for (const std::string& clip : category.clips) {
    values.push_back(OfClip(column, clip, quantity));
  }
  return Mean(values);
}

// The width of `text` in a terminal's cells. UTF-8's continuation bytes take none.
size_t Cells(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

std::string Left(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, Cells(text)), ' ');
}

std::string Right(const std::string& text, size_t width) {
  return std::string(width - std::min(width, Cells(text)), ' ') + text;
}

std::string Figure(double value, int digits = 2) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return "never";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string Table(const std::string& title, const std::vector<Column>& columns,
                  const std::vector<Category>& categories, Quantity quantity, int digits = 2) {
  struct Row {
    std::string name;
    std::vector<double> values;
  };
  std::vector<Row> rows;
  std::vector<std::vector<double>> of_categories(columns.size());
  for (const Category& category : categories) {
    const bool alone = category.clips.size() == 1;
    Row row{category.name.empty() && !alone ? "all clips" : category.name, {}};
    if (alone) row.name += (row.name.empty() ? "" : ": ") + category.clips.front();
    for (size_t i = 0; i < columns.size(); ++i) {
      row.values.push_back(OfCategory(columns[i], category, quantity));
      of_categories[i].push_back(row.values.back());
    }
    rows.push_back(std::move(row));
    if (alone) continue;
    for (const std::string& clip : category.clips) {
      Row of_clip{"  " + clip, {}};
      for (const Column& column : columns) {
        of_clip.values.push_back(OfClip(column, clip, quantity));
      }
      rows.push_back(std::move(of_clip));
    }
  }
  if (categories.size() > 1) {
    Row average{"average of categories", {}};
    for (const auto& values : of_categories) average.values.push_back(Mean(values));
    rows.push_back(std::move(average));
  }

  size_t names = Cells(title);
  for (const Row& row : rows) names = std::max(names, Cells(row.name));
  std::string text = Left(title, names);
  std::vector<size_t> widths;
  for (const Column& column : columns) {
    widths.push_back(std::max<size_t>(Cells(column.label), 7) + 2);
    text += Right(column.label, widths.back());
  }
  text += "\n";
  for (const Row& row : rows) {
    text += Left(row.name, names);
    for (size_t i = 0; i < columns.size(); ++i)
      text += Right(Figure(row.values[i], digits), widths[i]);
    text += "\n";
  }
  return text;
}

double Reached(const RunRecord& run, const std::optional<double>& seconds) {
  return FindStrategy(run.strategy).trains ? seconds.value_or(kNever) : kNothing;
}

// The columns that train.
std::vector<Column> Training(const std::vector<Column>& columns) {
  std::vector<Column> training;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(training),
               [](const Column& column) {
                 return FindStrategy(column.runs.begin()->second->strategy).trains;
               });
  return training;
}

// The tables that concern only what trains.
std::string TrainingTables(const std::vector<Column>& columns,
                           const std::vector<Category>& categories) {
  const std::vector<Column> training = Training(columns);
  if (training.empty()) return "";
  return "\n" +
         Table("server, ms per key frame", training, categories,
               [](const RunRecord& run) { return run.totals.server_ms_per_key_frame(); }) +
         "\n" +
         Table("seconds to 80 %", training, categories,
               [](const RunRecord& run) { return Reached(run, run.measures.seconds_to_80); }) +
         "\n" + Table("seconds to 85 %", training, categories, [](const RunRecord& run) {
           return Reached(run, run.measures.seconds_to_85);
         });
}

// The table of those that encode frames.
std::string EncodeTable(std::vector<Column> columns, const std::vector<Category>& categories) {
  std::erase_if(columns, [](const Column& column) {
    return column.runs.begin()->second->totals.encode_ms == 0;
  });
  if (columns.empty()) return "";
  return "\n" + Table("device, ms per key frame", columns, categories,
                      [](const RunRecord& run) { return run.totals.encode_ms_per_key_frame(); });
}

// The teacher's labels as if they were a run's predictions: one record per clip.
std::vector<RunRecord> TeacherAsRuns(const StudyResults& results) {
  std::vector<RunRecord> records;
  for (const ClipRecord& clip : results.clips) {
    const auto run = std::find_if(results.runs.begin(), results.runs.end(),
                                  [&](const RunRecord& one) { return one.clip == clip.name; });
    if (run == results.runs.end()) continue;
    RunRecord& record = records.emplace_back();
    record.clip = clip.name;
    record.measures.flicker = run->measures.teacher_flicker;
  }
  return records;
}

std::string FlickerTable(const StudyResults& results, std::vector<Column> columns,
                         const std::vector<Category>& categories) {
  const std::vector<RunRecord> teacher = TeacherAsRuns(results);
  Column column{"teacher", {}};
  for (const RunRecord& record : teacher) column.runs[record.clip] = &record;
  columns.push_back(std::move(column));
  return Table(
      "flicker, % of pixels", columns, categories,
      [](const RunRecord& run) { return 100 * run.measures.flicker; }, 3);
}

}  // namespace

std::string StudyTables(const StudyResults& results) {
  const std::vector<Column> columns = Columns(results);
  const std::vector<Category> categories = Categories(results);
  std::string notes;
  for (const std::string& note : Notes(results)) notes += "\n" + note + "\n";
  return Table("mean mIoU, %", columns, categories,
               [](const RunRecord& run) { return 100 * run.mean_miou; }) +
         "\n" +
         Table("mIoU of the first " + std::to_string(kFirstFrames) + " frames, %", columns,
               categories, [](const RunRecord& run) { return 100 * run.measures.first_miou; }) +
         "\n" +
         Table("key frames, %", columns, categories,
               [](const RunRecord& run) { return 100 * run.key_frame_ratio(); }) +
         "\n" +
         Table("traffic, kB per frame", columns, categories,
               [](const RunRecord& run) { return run.bytes_per_frame() / 1000; }) +
         "\n" + FlickerTable(results, columns, categories) + EncodeTable(columns, categories) +
         TrainingTables(columns, categories) + notes;
}

std::string StudyProgressLine(const StudyProgress& progress) {
  std::string line = "clip " + std::to_string(progress.clip_number) + "/" +
                     std::to_string(progress.clips) + " " + progress.clip + "  " + progress.label +
                     "  frame " + std::to_string(progress.frames);
  if (progress.frames_in_all >= 0) line.append("/").append(std::to_string(progress.frames_in_all));
  if (progress.mean_miou >= 0) line += "  mIoU " + Figure(100 * progress.mean_miou) + " %";
  if (progress.seconds_left < 0) return line;
  const auto seconds = static_cast<long long>(std::lround(progress.seconds_left));
  char text[64];
  if (seconds >= 3600) {
    std::snprintf(text, sizeof text, "  %lld h %02lld min left", seconds / 3600, seconds / 60 % 60);
  } else {
    std::snprintf(text, sizeof text, "  %lld:%02lld min left", seconds / 60, seconds % 60);
  }
  return line + text;
}

}  // namespace shadowtutor::eval
