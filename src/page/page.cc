#include "page/page.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/parallel.h"
#include "link/errors.h"
#include "page/page_client.h"

using shadowtutor::Error;
using shadowtutor::ErrorCode;
using shadowtutor::LabelMap;
using shadowtutor::page::PageClient;

struct st_page {
  explicit st_page(const shadowtutor::page::PageOptions& options) : client(options) {}

  PageClient client;
  std::string error;
  std::string text;     // of the last report or list of classes
  std::string message;  // the last outgoing one
};

namespace {

constexpr int kMostThreads = 4;
constexpr int kAgain = -1, kRefused = -2, kMove = -3;

// Of st_page_new.
std::string& CreationError() {
  static std::string error;
  return error;
}

std::unique_ptr<shadowtutor::ThreadLimit>& Limit() {
  static std::unique_ptr<shadowtutor::ThreadLimit> limit;
  return limit;
}

// Calls `act`. What it throws goes to `error`, and `failed` of its code is returned.
template <typename Act, typename Failed>
auto Guard(std::string& error, Failed&& failed, Act&& act) -> decltype(act()) {
  error.clear();
  try {
    return act();
  } catch (const Error& thrown) {
    error = thrown.what();
    return failed(thrown.code());
  } catch (const std::bad_alloc&) {
    error = "there is not enough memory; use smaller frames";
    return failed(ErrorCode::kResourceExhausted);
  } catch (const std::exception& thrown) {
    error = thrown.what();
    return failed(ErrorCode::kInternal);
  }
}

int Result(ErrorCode code) { return shadowtutor::link::MayPass(code) ? kAgain : kRefused; }

template <typename T>
T* Null(ErrorCode) {
  return nullptr;
}

void Nothing(ErrorCode) {}

}  // namespace

void st_page_threads(int threads) {
  Limit().reset();  // before there is another
  Limit() = std::make_unique<shadowtutor::ThreadLimit>(std::max(threads, 1));
}

st_page* st_page_new(const char* options) {
  return Guard(CreationError(), Null<st_page>, [&] {
    auto page = std::make_unique<st_page>(
        shadowtutor::page::ParsePageOptions(options ? std::string(options) : std::string()));
    if (!Limit()) st_page_threads(std::min(shadowtutor::MaxThreads(), kMostThreads));
    return page.release();
  });
}

void st_page_delete(st_page* page) { delete page; }

const char* st_page_error(st_page* page) {
  return page ? page->error.c_str() : CreationError().c_str();
}

void st_page_opened(st_page* page) {
  Guard(page->error, Nothing, [&] { page->client.link().Opened(); });
}

void st_page_closed(st_page* page) {
  Guard(page->error, Nothing, [&] { page->client.link().Closed(); });
}

int st_page_received(st_page* page, const uint8_t* message, size_t size) {
  const int result = Guard(page->error, Result, [&] {
    page->client.link().Received(std::span(message, size));
    return 0;
  });
  return result == kAgain && page->client.link().moves() ? kMove : result;
}

int st_page_retry_after(st_page* page) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24);
  return static_cast<int>(std::min(page->client.link().retry_after(), kLongest).count());
}

const uint8_t* st_page_outgoing(st_page* page, size_t* size) {
  *size = 0;
  return Guard(page->error, Null<const uint8_t>, [&]() -> const uint8_t* {
    auto message = page->client.link().Outgoing();
    if (!message) return nullptr;
    page->message = std::move(*message);
    *size = page->message.size();
    return reinterpret_cast<const uint8_t*>(page->message.data());
  });
}

int st_page_tick(st_page* page) {
  return Guard(page->error, Result, [&] {
    page->client.link().CheckDeadlines();
    return 0;
  });
}

uint8_t* st_page_frame(st_page* page, int width, int height) {
  return Guard(page->error, Null<uint8_t>, [&] { return page->client.Frame({width, height}); });
}

const uint8_t* st_page_process(st_page* page) {
  return Guard(page->error, Null<const uint8_t>, [&]() -> const uint8_t* {
    const LabelMap* labels = page->client.Process();
    return labels ? labels->labels().data() : nullptr;
  });
}

const char* st_page_report(st_page* page) {
  return Guard(page->error, Null<const char>, [&] {
    page->text = page->client.Report();
    return page->text.c_str();
  });
}

const char* st_page_classes(st_page* page) {
  return Guard(page->error, Null<const char>, [&] {
    page->text = page->client.Classes();
    return page->text.c_str();
  });
}

int st_page_key_frame(st_page* page, const uint8_t* picture, size_t size) {
  return Guard(page->error, Result, [&] {
    page->client.link().Encoded(std::span(picture, size));
    return 0;
  });
}

void st_page_key_frames_per_second(st_page* page, double rate) {
  Guard(page->error, Nothing, [&] { page->client.SetKeyFramesPerSecond(rate); });
}

void st_page_budget(st_page* page, double rate) {
  Guard(page->error, Nothing, [&] { page->client.link().SetBudget(rate); });
}
