#include "link/tutor_dialogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "link/testing/students.h"

namespace shadowtutor::link {
namespace {

using Clock = TutorDialogue::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Clock::time_point kStart{};

DialogueOptions Options() { return {.address = "home:1", .update_timeout = seconds(60)}; }

// Handles a message as an owner does. Returns the lines for the log.
std::string Hear(TutorDialogue& dialogue, wire::ServerMessage message, size_t bytes = 100,
                 Clock::time_point now = kStart) {
  auto received = dialogue.Receive(std::move(message), bytes, now);
  if (!received.work) return received.line;
  received.work->Do();
  return dialogue.Complete(std::move(*received.work));
}

// The code of the error that `act` throws; nullopt if it throws none.
std::optional<ErrorCode> Thrown(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

wire::Hello TakeHello(TutorDialogue& dialogue) {
  return std::get<wire::Hello>(dialogue.TakeMessage().value());
}

// A session of which the client has taken notice, with a student of the server's.
TutorDialogue InSession() {
  TutorDialogue dialogue(Options(), nullptr, 0);
  dialogue.Begin({}, kStart);
  TakeHello(dialogue);
  const auto student = SmallStudent(1);
  Hear(dialogue, WelcomeWith(*student, 3, true));
  dialogue.TakeSession();
  dialogue.TakeStudent();
  dialogue.Holding(Trained(*student), 3);
  return dialogue;
}

wire::Update AnswerTo(uint64_t frame_index, int part = 0) {
  wire::Update update;
  update.frame_index = frame_index;
  update.part = part;
  update.base_version = update.new_version = 3;
  return update;
}

TEST(TutorDialogue, BeginsWithTheServersStudent) {
  TutorDialogue dialogue(Options(), nullptr, 0);
  EXPECT_FALSE(dialogue.TakeMessage()) << "before there is a connection";
  wire::Hello hello;
  hello.client_version = "test";
  dialogue.Begin(hello, kStart);
  hello = TakeHello(dialogue);
  EXPECT_EQ(hello.client_version, "test");
  EXPECT_FALSE(hello.held || hello.named);
  EXPECT_FALSE(dialogue.TakeMessage()) << "a hello is sent once";
  EXPECT_FALSE(dialogue.Connected());
  EXPECT_FALSE(dialogue.SendsKeyFrame(0, kStart));

  const auto student = SmallStudent(1);
  EXPECT_EQ(Hear(dialogue, WelcomeWith(*student, 3, true), 500),
            "connected to home:1, session s1, teacher: a teacher");
  EXPECT_TRUE(dialogue.Connected());
  EXPECT_FALSE(dialogue.SendsKeyFrame(0, kStart)) << "the client has not taken the session";
  EXPECT_EQ(dialogue.TakeSession()->version, 3u);
  EXPECT_FALSE(dialogue.TakeSession());
  EXPECT_EQ(dialogue.TakeStudent()->student->weights, student->weights);
  EXPECT_FALSE(dialogue.TakeStudent());
  EXPECT_FALSE(dialogue.welcome()->student);
  EXPECT_TRUE(dialogue.SendsKeyFrame(0, kStart));
  EXPECT_EQ(dialogue.stats().sessions, 1u);
  EXPECT_EQ(dialogue.stats().bytes_students, 500u);
  EXPECT_GT(dialogue.stats().bytes_first_student, 0u);
}

TEST(TutorDialogue, AKeyFrameHasOneAnswer) {
  TutorDialogue dialogue = InSession();
  EXPECT_TRUE(dialogue.SendsKeyFrame(8, kStart));
  EXPECT_FALSE(dialogue.SendsKeyFrame(9, kStart)) << "one at a time";
  auto head = dialogue.TakeKeyFrame();
  EXPECT_EQ(head.message.frame_index, 8u);
  EXPECT_EQ(head.message.held_version, 3u);
  EXPECT_TRUE(head.restart) << "the first of a connection";
  dialogue.KeyFrameSent(1000, 2.5);

  std::vector<int> prepared;
  dialogue.OnArrival([&](const wire::Update& update) { prepared.push_back(update.part); });
  Hear(dialogue, AnswerTo(7));
  EXPECT_FALSE(dialogue.PollUpdate()) << "answers another key frame";
  Hear(dialogue, AnswerTo(8));
  Hear(dialogue, AnswerTo(8));
  Hear(dialogue, AnswerTo(8, 1));
  EXPECT_EQ(prepared, (std::vector{0, 1})) << "a second answer is none";
  EXPECT_TRUE(dialogue.AnswerPending());
  EXPECT_FALSE(dialogue.AwaitsAnswer());
  EXPECT_EQ(dialogue.PollUpdate()->part, 0);
  EXPECT_FALSE(dialogue.AnswerPending());
  EXPECT_TRUE(dialogue.SendsKeyFrame(16, kStart));
  head = dialogue.TakeKeyFrame();
  EXPECT_FALSE(head.restart);
  EXPECT_EQ(dialogue.PollUpdate()->part, 1);
  EXPECT_FALSE(dialogue.HasUpdate());

  const LinkStats stats = dialogue.stats();
  EXPECT_EQ(stats.key_frames, 1u);
  EXPECT_EQ(stats.updates, 4u);
  EXPECT_EQ(stats.bytes_up, 1000u);
  EXPECT_EQ(stats.bytes_down, 400u);
  EXPECT_EQ(stats.encode_ms, 2.5);
}

TEST(TutorDialogue, LaterPartsThatNobodyTakesAreDropped) {
  TutorDialogue dialogue = InSession();
  for (int part = 1; part < 100; ++part) Hear(dialogue, AnswerTo(0, part));
  size_t waiting = 0;
  while (dialogue.PollUpdate()) ++waiting;
  EXPECT_EQ(waiting, wire::kMostWaitingUpdates);
}

TEST(TutorDialogue, AnErrorTakesAnAnswersPlace) {
  TutorDialogue dialogue = InSession();
  ASSERT_TRUE(dialogue.SendsKeyFrame(8, kStart));
  dialogue.TakeKeyFrame();
  EXPECT_FALSE(dialogue.stats().next_begins_stream);
  EXPECT_EQ(Hear(dialogue, wire::ErrorMessage{ErrorCode::kNotFound, "no", false, 7}),
            "the server at home:1 says: no");
  EXPECT_TRUE(dialogue.AnswerPending());
  Hear(dialogue, wire::ErrorMessage{ErrorCode::kNotFound, "no label", false, 8});
  EXPECT_FALSE(dialogue.AnswerPending());
  EXPECT_EQ(dialogue.NextDeadline(), Clock::time_point::max());
  EXPECT_TRUE(dialogue.stats().next_begins_stream) << "it may not have been decoded";
  ASSERT_TRUE(dialogue.SendsKeyFrame(9, kStart));
  EXPECT_TRUE(dialogue.TakeKeyFrame().restart);
}

TEST(TutorDialogue, AFatalErrorIsTheReasonForTheEnd) {
  TutorDialogue dialogue = InSession();
  EXPECT_FALSE(dialogue.farewell());
  EXPECT_EQ(Hear(dialogue, wire::ErrorMessage{ErrorCode::kUnavailable, "shutting down", true, {}}),
            "");
  ASSERT_TRUE(dialogue.farewell());
  EXPECT_EQ(dialogue.farewell()->code(), ErrorCode::kUnavailable);
  EXPECT_STREQ(dialogue.farewell()->what(), "the server at home:1 says: shutting down");
  dialogue.End({});
  EXPECT_FALSE(dialogue.farewell());
}

TEST(TutorDialogue, ABusyServerSaysWhenToComeAgain) {
  TutorDialogue dialogue = InSession();
  Hear(dialogue, wire::ErrorMessage{ErrorCode::kResourceExhausted, "busy", true, {}, 4000});
  ASSERT_TRUE(dialogue.farewell());
  EXPECT_EQ(dialogue.farewell()->retry_after(), std::chrono::seconds(4));
}

TEST(TutorDialogue, AServerMayAskToConnectAgainAtOnce) {
  const wire::ErrorMessage move{ErrorCode::kUnavailable, "elsewhere", true, {}, 0, true};
  TutorDialogue dialogue = InSession();
  Hear(dialogue, move);
  EXPECT_TRUE(dialogue.moves());
  dialogue.End({});
  EXPECT_FALSE(dialogue.moves());
  EXPECT_EQ(dialogue.stats().moves, 1u);
  EXPECT_EQ(dialogue.stats().key_frames_lost, 0u);

  dialogue.Begin({}, kStart);
  TakeHello(dialogue);
  Hear(dialogue, move);
  EXPECT_FALSE(dialogue.moves()) << "without a welcome it is a refusal, after which one pauses";
  EXPECT_TRUE(dialogue.farewell());
}

TEST(TutorDialogue, CountsKeyFramesWhoseAnswerTheClientDidNotGet) {
  TutorDialogue dialogue = InSession();
  ASSERT_TRUE(dialogue.SendsKeyFrame(8, kStart));
  Hear(dialogue, AnswerTo(8));
  ASSERT_TRUE(dialogue.PollUpdate());
  dialogue.End({});
  EXPECT_EQ(dialogue.stats().key_frames_lost, 0u);
  for (const bool answered : {false, true}) {
    dialogue.Begin({}, kStart);
    Hear(dialogue, WelcomeWith(*SmallStudent(1), 3, false));
    dialogue.TakeSession();
    ASSERT_TRUE(dialogue.SendsKeyFrame(9, kStart));
    if (answered) Hear(dialogue, AnswerTo(9));
    dialogue.End({});
    EXPECT_EQ(dialogue.stats().key_frames_lost, 1u + answered);
  }
}

TEST(TutorDialogue, WhatTheClientHoldsIsHandedOverAfterALoss) {
  TutorDialogue dialogue = InSession();
  ASSERT_TRUE(dialogue.SendsKeyFrame(8, kStart));
  Hear(dialogue, AnswerTo(8));
  dialogue.RequestStudent("why not", kStart);
  std::vector<float> trained(Trained(*SmallStudent(1)).size(), 0.5f);
  dialogue.Holding(trained, 9);

  dialogue.End({});
  EXPECT_FALSE(dialogue.Connected());
  EXPECT_FALSE(dialogue.AnswerPending());
  EXPECT_FALSE(dialogue.PollUpdate());
  EXPECT_FALSE(dialogue.TakeMessage()) << "the request is of no use any more";
  EXPECT_EQ(dialogue.NextDeadline(), Clock::time_point::max());
  EXPECT_TRUE(dialogue.welcome()) << "the last one is remembered";

  dialogue.Begin({}, kStart);
  const wire::Hello hello = TakeHello(dialogue);
  ASSERT_TRUE(hello.held);
  EXPECT_EQ(hello.held->version, 9u);
  EXPECT_EQ(hello.held->trained, trained) << "the trained part alone";
  Hear(dialogue, WelcomeWith(*SmallStudent(1), 10, false));
  EXPECT_EQ(dialogue.stats().sessions, 2u);
  EXPECT_FALSE(dialogue.TakeStudent());
  EXPECT_EQ(dialogue.TakeSession()->version, 10u);
  ASSERT_TRUE(dialogue.SendsKeyFrame(9, kStart));
  EXPECT_EQ(dialogue.TakeKeyFrame().message.held_version, 10u);
}

TEST(TutorDialogue, AnUntrainedStudentIsNamedAndHandedOverOnRequest) {
  const auto student = SmallStudent(1);
  TutorDialogue dialogue(Options(), student, 0);
  dialogue.Begin({}, kStart);
  wire::Hello hello = TakeHello(dialogue);
  EXPECT_TRUE(hello.named);
  EXPECT_FALSE(hello.held);
  EXPECT_EQ(Hear(dialogue, wire::HandOverRequest{}, 2, kStart + seconds(3)),
            "the server at home:1 does not have our student, which is handed over");
  EXPECT_EQ(dialogue.NextDeadline(), kStart + seconds(3) + wire::kHelloTimeout);
  hello = TakeHello(dialogue);
  EXPECT_FALSE(hello.named);
  ASSERT_TRUE(hello.held);
  EXPECT_EQ(hello.held->trained, student->weights);
  EXPECT_EQ(Thrown([&] { Hear(dialogue, wire::HandOverRequest{}); }), ErrorCode::kDataLoss)
      << "once";
}

TEST(TutorDialogue, AnOlderServerIsAskedAgainWithOurStudent) {
  const auto student = SmallStudent(1);
  TutorDialogue dialogue(Options(), student, 0);
  dialogue.Begin({}, kStart);
  EXPECT_TRUE(TakeHello(dialogue).named);
  Hear(dialogue, WelcomeWith(*SmallStudent(2), 0, true));
  EXPECT_TRUE(dialogue.connect_again());
  EXPECT_FALSE(dialogue.Connected());
  dialogue.Begin({}, kStart);
  EXPECT_FALSE(dialogue.connect_again());
  EXPECT_TRUE(TakeHello(dialogue).held);
}

TEST(TutorDialogue, RefusesMessagesOutOfOrder) {
  const auto student = SmallStudent(1);
  TutorDialogue fresh(Options(), nullptr, 0);
  fresh.Begin({}, kStart);
  TakeHello(fresh);
  for (const wire::ServerMessage& message :
       {wire::ServerMessage(AnswerTo(0)), wire::ServerMessage(Sent(*student, 1)),
        wire::ServerMessage(wire::HandOverRequest{}),
        wire::ServerMessage(WelcomeWith(*student, 0, false))}) {
    EXPECT_EQ(Thrown([&] { Hear(fresh, message); }), ErrorCode::kDataLoss) << message.index();
  }
  EXPECT_FALSE(fresh.Connected());
  wire::Welcome other = WelcomeWith(*student, 0, true);
  other.protocol_version = wire::kProtocolVersion + 1;
  EXPECT_EQ(Thrown([&] { Hear(fresh, other); }), ErrorCode::kFailedPrecondition);
  other = WelcomeWith(*student, 0, true);
  other.student->checksum ^= 1;
  EXPECT_EQ(Thrown([&] { Hear(fresh, other); }), ErrorCode::kDataLoss);
  EXPECT_FALSE(fresh.Connected());

  TutorDialogue dialogue = InSession();
  EXPECT_EQ(Thrown([&] { Hear(dialogue, WelcomeWith(*student, 0, true)); }), ErrorCode::kDataLoss);
}

TEST(TutorDialogue, AsksForTheWholeStudentAndTakesIt) {
  TutorDialogue dialogue = InSession();
  dialogue.RequestStudent(std::string(2 * wire::kMaxTextBytes, 'a'), kStart);
  EXPECT_EQ(dialogue.NextDeadline(), kStart + seconds(60));
  const auto request = std::get<wire::StudentRequest>(dialogue.TakeMessage().value());
  EXPECT_EQ(request.reason.size(), wire::kMaxTextBytes);
  EXPECT_FALSE(dialogue.TakeMessage());
  const auto student = SmallStudent(2);
  Hear(dialogue, Sent(*student, 5), 700);
  EXPECT_EQ(dialogue.NextDeadline(), Clock::time_point::max());
  const auto whole = dialogue.TakeStudent();
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->version, 5u);
  EXPECT_EQ(whole->student->weights, student->weights);
  EXPECT_GE(dialogue.stats().bytes_students, 700u);
}

TEST(TutorDialogue, WhatIsOverdueEndsTheConnection) {
  const auto sentence = [](const TutorDialogue& dialogue, Clock::time_point now) -> std::string {
    try {
      dialogue.CheckDeadlines(now);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
      return error.what();
    }
    return "";
  };
  TutorDialogue silent(Options(), nullptr, 0);
  EXPECT_EQ(sentence(silent, kStart + seconds(1'000)), "") << "nothing is outstanding";
  silent.Begin({}, kStart);
  const auto hello = kStart + wire::kConnectTimeout + wire::kHelloTimeout;
  EXPECT_EQ(silent.NextDeadline(), hello);
  EXPECT_EQ(sentence(silent, hello - milliseconds(1)), "");
  EXPECT_EQ(sentence(silent, hello), "the server did not answer within 15.0 s");
  silent.End({});
  EXPECT_EQ(sentence(silent, hello), "");

  TutorDialogue dialogue = InSession();
  EXPECT_EQ(sentence(dialogue, hello), "") << "it was welcomed";
  ASSERT_TRUE(dialogue.SendsKeyFrame(0, kStart));
  EXPECT_EQ(sentence(dialogue, kStart + seconds(60)),
            "the server did not answer a key frame within 60.0 s");
  Hear(dialogue, AnswerTo(0));
  EXPECT_EQ(sentence(dialogue, kStart + seconds(60)), "");
  dialogue.RequestStudent("lost", kStart);
  EXPECT_EQ(sentence(dialogue, kStart + seconds(60)),
            "the server did not send its student within 60.0 s");
}

TEST(TutorDialogue, RemembersARefusalUntilItIsWelcomed) {
  TutorDialogue dialogue = InSession();
  const Error refusal(ErrorCode::kFailedPrecondition, "another version");
  dialogue.End(refusal);
  EXPECT_FALSE(dialogue.stats().refusal) << "it was welcomed before";
  dialogue.Begin({}, kStart);
  dialogue.End(refusal);
  ASSERT_TRUE(dialogue.stats().refusal);
  EXPECT_STREQ(dialogue.stats().refusal->what(), "another version");
  dialogue.Begin({}, kStart);
  TakeHello(dialogue);
  Hear(dialogue, WelcomeWith(*SmallStudent(1), 3, false));
  EXPECT_FALSE(dialogue.stats().refusal);
}

TEST(TutorDialogue, WithoutAnAddressTheServerIsTheServer) {
  TutorDialogue dialogue({}, nullptr, 0);
  dialogue.Begin({}, kStart);
  TakeHello(dialogue);
  EXPECT_EQ(Hear(dialogue, wire::ErrorMessage{ErrorCode::kInternal, "hm", false, {}}),
            "the server says: hm");
}

}  // namespace
}  // namespace shadowtutor::link
