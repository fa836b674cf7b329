#include "teacher/model_card.h"

#include <gtest/gtest.h>

#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr const char* kShort = R"(kind: semantic-logits
file: model.onnx
input: {width: 64, height: 48}
classes: [background, cat, dog]
)";

TEST(ModelCard, AShortOneHasTheUsualDefaults) {
  const TemporaryFolder folder;
  WriteText(folder / "card.yaml", kShort);
  const ModelCard card = LoadModelCard(folder / "card.yaml");
  EXPECT_EQ(card.kind, Kind::kSemanticLogits);
  EXPECT_EQ(card.file, folder / "model.onnx");
  EXPECT_EQ(card.input.size, (FrameSize{64, 48}));
  EXPECT_TRUE(card.input.rgb);
  EXPECT_DOUBLE_EQ(card.input.scale, 1.0 / 255);
  EXPECT_EQ(card.input.mean, (std::array<double, 3>{0, 0, 0}));
  EXPECT_EQ(card.input.std, (std::array<double, 3>{1, 1, 1}));
  ASSERT_EQ(card.classes.size(), 3u);
  EXPECT_EQ(card.classes[2].name, "dog");
  EXPECT_EQ(card.classes[2].color, DefaultClassColor(2));
  EXPECT_EQ(card.background, 0) << "the class of that name";
  EXPECT_EQ(card.classes[0].color, (Rgb{0, 0, 0}));
  EXPECT_FALSE(card.student.present);
}

TEST(ModelCard, EveryKey) {
  const TemporaryFolder folder;
  WriteText(folder / "card.yaml", R"(
kind: class-map
file: ../models/model.onnx
note: "from somewhere"
input: {width: 64, height: 48, order: bgr, scale: 1, mean: [103.5, 116, 123], std: 58}
output: labels
classes:
  - {name: street, color: "#804080"}
  - {name: car, color: [0, 0, 142]}
  - bus
  - void
background: void
student:
  classes: [{name: vehicle, color: "#ff0000"}, rest]
  background: rest
  map: {car: vehicle, bus: vehicle}
)");
  const ModelCard card = LoadModelCard(folder / "card.yaml");
  EXPECT_EQ(card.kind, Kind::kClassMap);
  EXPECT_EQ(card.file, folder.path().parent_path() / "models/model.onnx");
  EXPECT_EQ(card.note, "from somewhere");
  EXPECT_EQ(card.output, "labels");
  EXPECT_FALSE(card.input.rgb);
  EXPECT_EQ(card.input.scale, 1);
  EXPECT_EQ(card.input.mean, (std::array<double, 3>{103.5, 116, 123}));
  EXPECT_EQ(card.input.std, (std::array<double, 3>{58, 58, 58}));
  EXPECT_EQ(card.classes[0].color, (Rgb{128, 64, 128}));
  EXPECT_EQ(card.classes[1].color, (Rgb{0, 0, 142}));
  EXPECT_EQ(card.background, 3);
  EXPECT_TRUE(card.student.present);
  EXPECT_EQ(card.student.background, 1);
  EXPECT_EQ(card.student.classes[0], (ClassInfo{"vehicle", {255, 0, 0}}));
  EXPECT_EQ(card.student.map.size(), 2u);
}

TEST(ModelCard, SaliencyNeedsNoClasses) {
  const TemporaryFolder folder;
  WriteText(folder / "card.yaml",
            "kind: saliency\nfile: m.onnx\ninput: {width: 64, height: 64}\nthreshold: 1/4\n");
  const ModelCard card = LoadModelCard(folder / "card.yaml");
  EXPECT_EQ(card.threshold, 0.25);
  ASSERT_EQ(card.classes.size(), 2u);
  EXPECT_EQ(card.classes[1].name, "foreground");
  EXPECT_EQ(card.background, 0);
  WriteText(
      folder / "card.yaml",
      "kind: saliency\nfile: m.onnx\ninput: {width: 64, height: 64}\nclasses: [other, cup]\n");
  const ModelCard named = LoadModelCard(folder / "card.yaml");
  EXPECT_EQ(named.classes[1].name, "cup");
  EXPECT_EQ(named.background, 0) << "what is not salient is background under any name";
}

TEST(ModelCard, ReplayCardsThatWeWriteReadBack) {
  const TemporaryFolder folder;
  const ClassList classes = {
      {"a: b", {1, 2, 3}}, {"\"quoted\" # no comment", {255, 254, 253}}, {"true", {0, 0, 0}}};
  for (const int background : {-1, 0, 2}) {
    WriteText(folder / "card.yaml", ReplayCardText(classes, background, "by x: y # z \"q\""));
    const ModelCard card = LoadModelCard(folder / "card.yaml");
    EXPECT_EQ(card.kind, Kind::kReplay);
    EXPECT_TRUE(std::filesystem::equivalent(card.folder, folder.path())) << card.folder;
    EXPECT_EQ(card.classes, classes);
    EXPECT_EQ(card.background, background);
    EXPECT_EQ(card.note, "by x: y # z \"q\"");
  }
}

TEST(ModelCard, MistakesNameCardLineAndKey) {
  const TemporaryFolder folder;
  const std::string head = "kind: semantic-logits\nfile: m.onnx\n";
  const std::string served = "kind: class-map\nserver: {address: 'h:1', model: m";
  const std::string input = "input: {width: 64, height: 48}\n";
  const std::string classes = "classes: [background, cat]\n";
  const std::string rcnn = "kind: mask-rcnn\nfile: m.onnx\n" + input;
  struct Mistake {
    std::string text, line, says;
  };
  const Mistake mistakes[] = {
      {"", "card.yaml", "key: value"},
      {"- a\n- b\n", "card.yaml:1", "key: value"},
      {"kind: [\n", "card.yaml:2", "not YAML"},
      {"file: m.onnx\n", "card.yaml:1", "`kind` is missing"},
      {"kind: logits\n", "card.yaml:1",
       "semantic-logits, class-map, saliency, mask-rcnn, yolo-seg, replay"},
      {"kind: semantic-logits\n" + input + classes, "card.yaml", "`file` is missing"},
      {head + classes, "card.yaml", "`input` is missing"},
      {head + "input: {width: 64}\n" + classes, "card.yaml:3", "`input.height` is missing"},
      {head + "input: {width: 64, height: 4097}\n" + classes, "card.yaml:3", "1 to 4096"},
      {head + "input: {width: 64, height: 1.5}\n" + classes, "card.yaml:3", "whole number"},
      {head + "input: {width: 64, height: 48, size: 3}\n" + classes, "card.yaml:3",
       "unknown key `size` in `input`"},
      {head + "input: {width: 64, height: 48, order: gbr}\n" + classes, "card.yaml:3",
       "`input.order` is \"gbr\", not one of rgb, bgr"},
      {head + "input: {width: 64, height: 48, std: 0}\n" + classes, "card.yaml:3", "`input.std`"},
      {head + "input: {width: 64, height: 48, scale: 1/0}\n" + classes, "card.yaml:3",
       "`input.scale`"},
      {head + "input: {width: 64, height: 48, mean: [1, 2]}\n" + classes, "card.yaml:3", "three"},
      {head + "input: {width: 64, height: 48, mean: nan}\n" + classes, "card.yaml:3",
       "`input.mean`"},
      {head + input, "card.yaml", "`classes` is missing"},
      {head + input + "classes: [one]\n", "card.yaml:4", "2 to 255"},
      {head + input + "classes: [cat, cat]\n", "card.yaml:4", "twice"},
      {head + input + "classes: [cat, 'dog, too']\n", "card.yaml:4", "comma"},
      {head + input + "classes: [cat, {name: dog, colour: red}]\n", "card.yaml:4",
       "unknown key `colour`"},
      {head + input + "classes: [cat, {name: dog, color: red}]\n", "card.yaml:4", "#rrggbb"},
      {head + input + "classes: [cat, {name: dog, color: [1, 2, 256]}]\n", "card.yaml:4",
       "0 to 255"},
      {head + input + classes + "background: void\n", "card.yaml:5", "none of `classes`"},
      {head + input + classes + "treshold: 0.5\n", "card.yaml:5", "unknown key `treshold`"},
      {head + input + classes + "threshold: 0.5\n", "card.yaml:5", "unknown key `threshold`"},
      {head + input + classes + "file: again.onnx\n", "card.yaml:5", "twice"},
      {head + input + classes + "student: {classes: [a, b], map: {dog: a}}\n", "card.yaml:5",
       "none of the teacher's"},
      {head + input + classes + "student: {classes: [a, b], map: {cat: c}}\n", "card.yaml:5",
       "none of `student.classes`"},
      {head + input + classes + "student: {map: {cat: c}}\n", "card.yaml:5",
       "`student.classes` is missing"},
      {"kind: saliency\nfile: m\n" + input + "classes: [a, b, c]\n", "card.yaml:4", "two classes"},
      {"kind: saliency\nfile: m\n" + input + "classes: [person, background]\n", "card.yaml:4",
       "comes first"},
      {head + "runtime: caffe\n" + input + classes, "card.yaml:3", "torchscript, onnxruntime"},
      {head + "device: tpu\n" + input + classes, "card.yaml:3", "cpu, cuda"},
      {head + "operators: x.so\n" + input + classes, "card.yaml:3", "TorchScript models only"},
      {head + "input: {width: 64, height: 48, form: list}\n" + classes, "card.yaml:3",
       "TorchScript models only"},
      {head + "input: {width: 64, height: 48, fit: letterbox}\n" + classes, "card.yaml:3",
       "mask-rcnn and yolo-seg"},
      {head + "input: {width: 64, height: 48, pad: 0}\n" + classes, "card.yaml:3",
       "`fit: letterbox`"},
      {head + "input: {fit: shortest, shortest: 800, longest: 600}\n" + classes, "card.yaml:3",
       "less than"},
      {head + "input: {fit: letterbox}\n" + classes, "card.yaml:3", "mask-rcnn"},
      {head + input + classes + "score_threshold: 0.5\n", "card.yaml:5", "unknown key"},
      {rcnn + classes + "score_threshold: 1.5\n", "card.yaml:5", "0 to 1"},
      {rcnn + classes + "iou_threshold: 0.5\n", "card.yaml:5", "unknown key `iou_threshold`"},
      {rcnn + classes + "output: boxes\n", "card.yaml:5", "unknown key `output`"},
      {rcnn + classes + "outputs: {labels: x}\n", "card.yaml:5", "boxes, classes, scores, masks"},
      {rcnn + classes + "paste: opencv\n", "card.yaml:5", "torchvision, detectron2"},
      {rcnn + "classes: [cat, dog]\n", "card.yaml:4", "must be background"},
      {rcnn + "classes: {1: cat, 1: dog}\n", "card.yaml:4", "twice"},
      {rcnn + "classes: {cat: 1}\n", "card.yaml:4", "number"},
      {rcnn + "classes: {-1: cat}\n", "card.yaml:4", "whole number"},
      {rcnn + "classes: {0: background}\n", "card.yaml:4", "nothing but background"},
      {rcnn + "classes: {0: cat}\nclass_offset: 1\n", "card.yaml:5", "as a list"},
      {head + input + "classes: {0: cat, 1: dog}\n", "card.yaml:4", "2 to 255"},
      {served + "}\n" + input + classes + "file: m.onnx\n", "card.yaml:5",
       "unknown key `file` in a class-map card of a model on a server"},
      {served + "}\nruntime: opencv\n" + input + classes, "card.yaml:3", "needs `runtime: oip`"},
      {"kind: class-map\nruntime: oip\n" + input + classes, "card.yaml", "`server` is missing"},
      {"kind: class-map\nserver: here\n" + input + classes, "card.yaml:2", "address, model"},
      {"kind: class-map\nserver: {model: m}\n" + input + classes, "card.yaml:2",
       "`server.address` is missing"},
      {"kind: class-map\nserver: {address: 'h:1'}\n" + input + classes, "card.yaml:2",
       "`server.model` is missing"},
      {served + ", port: 1}\n" + input + classes, "card.yaml:2", "unknown key `port`"},
      {served + ", tls: maybe}\n" + input + classes, "card.yaml:2", "true or false"},
      {served + ", tls: [ca.pem]}\n" + input + classes, "card.yaml:2", "{ca: FILE}"},
      {served + ", deadline: 0}\n" + input + classes, "card.yaml:2", "0.1 to 300"},
      {served + ", retries: 11}\n" + input + classes, "card.yaml:2", "0 to 10"},
      {served + ", in_flight: 65}\n" + input + classes, "card.yaml:2", "1 to 64"},
      {head + "input: {width: 64, height: 48, name: x}\n" + classes, "card.yaml:3",
       "models on a server only"},
      {"kind: replay\nfile: x\n" + classes, "card.yaml:2", "unknown key `file` in a replay card"},
      {"kind: replay\n" + classes, "card.yaml", "`folder` is missing"},
  };
  for (const Mistake& mistake : mistakes) {
    WriteText(folder / "card.yaml", mistake.text);
    const Error error = ErrorOf([&] { LoadModelCard(folder / "card.yaml"); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << mistake.text;
    EXPECT_TRUE(Says(error, mistake.line)) << error.what() << "\nfor\n" << mistake.text;
    EXPECT_TRUE(Says(error, mistake.says)) << error.what() << "\nfor\n" << mistake.text;
  }
}

TEST(ModelCard, AModelOnAServer) {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& server) {
    WriteText(folder / "card.yaml", "kind: saliency\nserver: {address: 'fleet:8001', model: isnet" +
                                        server +
                                        "}\ninput: {width: 64, height: 48, name: x}\noutput: y\n");
    return LoadModelCard(folder / "card.yaml");
  };
  const ModelCard plain = load("");
  EXPECT_EQ(plain.runtime, Runtime::kOip);
  EXPECT_EQ(plain.server.address, "fleet:8001");
  EXPECT_EQ(plain.server.model, "isnet");
  EXPECT_EQ(plain.input_name, "x");
  EXPECT_EQ(plain.output, "y");
  EXPECT_FALSE(plain.server.use_tls || plain.server.insecure);
  EXPECT_EQ(plain.server.deadline, std::chrono::seconds(10));
  EXPECT_EQ(plain.server.retries, 2);
  EXPECT_EQ(plain.server.in_flight, 4);
  EXPECT_EQ(NetworkName(plain), "isnet at fleet:8001");

  const ModelCard all = load(
      ", version: 3, tls: {ca: ca.pem, cert: /own.pem, key: own.key}, token_file: t, deadline: "
      "0.5, "
      "retries: 0, in_flight: 64");
  EXPECT_EQ(all.server.version, "3");
  EXPECT_TRUE(all.server.use_tls);
  EXPECT_EQ(all.server.authority, folder / "ca.pem");
  EXPECT_EQ(all.server.certificate, "/own.pem");
  EXPECT_EQ(all.server.key, folder / "own.key");
  EXPECT_EQ(all.server.token_file, folder / "t");
  EXPECT_EQ(all.server.deadline, std::chrono::milliseconds(500));
  EXPECT_EQ(all.server.retries, 0);
  EXPECT_EQ(all.server.in_flight, 64);
  EXPECT_TRUE(load(", tls: true").server.use_tls);
  EXPECT_TRUE(load(", insecure: yes").server.insecure);
}

TEST(ModelCard, InstancesRuntimeAndInput) {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& text) {
    WriteText(folder / "card.yaml", text);
    return LoadModelCard(folder / "card.yaml");
  };
  const ModelCard rcnn = load(
      "kind: mask-rcnn\nfile: m.ts\ndevice: cuda\noperators: ops.so\n"
      "input: {fit: shortest, shortest: 640, longest: 1000, form: list, order: bgr, scale: 1}\n"
      "outputs: {boxes: \"0\", masks: m}\nscore_threshold: 0.3\nmask_threshold: 0.4\n"
      "paste: detectron2\nclasses: {0: person, 2: {name: car, color: \"#0000ff\"}}\n");
  EXPECT_EQ(rcnn.kind, Kind::kMaskRcnn);
  EXPECT_EQ(rcnn.runtime, Runtime::kTorchScript);
  EXPECT_FALSE(rcnn.runtime_chosen);
  EXPECT_EQ(rcnn.device, Device::kCuda);
  EXPECT_EQ(rcnn.operators.filename(), "ops.so");
  EXPECT_EQ(rcnn.input.fit, Fit::kShortest);
  EXPECT_EQ(rcnn.input.shortest, 640);
  EXPECT_EQ(rcnn.input.longest, 1000);
  EXPECT_EQ(rcnn.form, InputForm::kList);
  EXPECT_EQ(rcnn.instances.paste, PasteRule::kDetectron2);
  EXPECT_EQ(rcnn.instances.score_threshold, 0.3);
  EXPECT_EQ(rcnn.instances.mask_threshold, 0.4);
  ASSERT_EQ(rcnn.classes.size(), 3u);
  EXPECT_EQ(rcnn.classes[0].name, "background");
  EXPECT_EQ(rcnn.classes[2].color, (Rgb{0, 0, 255}));
  EXPECT_EQ(rcnn.background, 0);
  EXPECT_TRUE(rcnn.instances.listed);
  EXPECT_EQ(rcnn.instances.class_of, (std::vector<std::pair<int, int>>{{0, 1}, {2, 2}}));

  const std::string yolo =
      "kind: yolo-seg\nfile: m.onnx\niou_threshold: 0.4\n"
      "input: {width: 640, height: 384, fit: letterbox, pad: 0}\n";
  const ModelCard first = load(yolo + "classes: [background, cat]\n");
  EXPECT_EQ(first.runtime, Runtime::kOpenCv);
  EXPECT_EQ(first.instances.class_offset, 1);
  EXPECT_EQ(first.instances.iou_threshold, 0.4);
  EXPECT_EQ(first.input.pad, 0);
  EXPECT_EQ(load(yolo + "classes: [cat, background]\n").instances.class_offset, 0);
  EXPECT_EQ(load(yolo + "classes: [background, cat]\nclass_offset: 0\nruntime: onnxruntime\n")
                .instances.class_offset,
            0);
  const ModelCard by_index = load(yolo + "classes: {0: cat, 5: background}\n");
  EXPECT_EQ(by_index.classes.size(), 2u);
  EXPECT_EQ(by_index.background, 1);
}

TEST(ModelCard, TooManyClasses) {
  const TemporaryFolder folder;
  std::string list;
  for (int i = 0; i < 256; ++i) list += (i ? ", c" : "c") + std::to_string(i);
  WriteText(folder / "card.yaml", "kind: replay\nfolder: .\nclasses: [" + list + "]\n");
  EXPECT_TRUE(Says(ErrorOf([&] { LoadModelCard(folder / "card.yaml"); }), "2 to 255"));
}

TEST(ModelCard, FilesThatAreNoCards) {
  const TemporaryFolder folder;
  EXPECT_EQ(ErrorOf([&] { LoadModelCard(folder / "none.yaml"); }).code(), ErrorCode::kNotFound);
  WriteText(folder / "huge.yaml", std::string((1 << 20) + 1, '#'));
  EXPECT_EQ(ErrorOf([&] { LoadModelCard(folder / "huge.yaml"); }).code(),
            ErrorCode::kResourceExhausted);
  // Deep nesting must not exhaust the stack, and binary bytes must not be accepted as a card.
  WriteText(folder / "deep.yaml", std::string(100000, '['));
  EXPECT_EQ(ErrorOf([&] { LoadModelCard(folder / "deep.yaml"); }).code(),
            ErrorCode::kInvalidArgument);
  WriteText(folder / "binary.yaml", std::string("\x00\x01\xff\xfe\x80", 5));
  EXPECT_EQ(ErrorOf([&] { LoadModelCard(folder / "binary.yaml"); }).code(),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace shadowtutor::teacher
