#include "cli/hints.h"

namespace shadowtutor::cli {
namespace {

struct Hint {
  std::string_view command;
  Setting about;
  std::string_view options;
};

constexpr Hint kHints[] = {
    {"serve", Setting::kPlainText, "--tls-cert and --tls-key, or --insecure"},
    {"serve", Setting::kCertificate, "--tls-cert, --tls-key"},
    {"serve", Setting::kServerAddress, "--listen"},
    {"serve", Setting::kAuthority, "--tls-ca"},
    {"serve", Setting::kToken, "--tokens"},
    {"run", Setting::kPlainText, "--tls-ca FILE, or --insecure"},
    {"run", Setting::kCertificate, "--tls-cert, --tls-key"},
    {"run", Setting::kServerAddress, "--server"},
    {"run", Setting::kAuthority, "--tls-ca"},
    {"run", Setting::kToken, "--token-file"},
    {"run", Setting::kRetry, "--retry"},
    {"run", Setting::kOutput, "for example --out overlay.mp4"},
    {"top", Setting::kPlainText, "--insecure"},
    {"top", Setting::kAuthority, "--tls-ca"},
    {"top", Setting::kToken, "--token-file"},
    {"label", Setting::kOutput, "--out"},
    {"eval", Setting::kOutput, "--out"},
    {"eval", Setting::kFrameRate, "--fps"},
    {"eval", Setting::kTrackingStride, "--delay, --tracking-stride"},
    {"eval", Setting::kLimitedLink, "--link limit"},
    {"plan", Setting::kFrameSize, "--size"},
    {"report", Setting::kOutput, "shadowtutor eval --out"},
    {"pretrain", Setting::kOutput, "--out"},
    {"pretrain", Setting::kLabels, "--labels, or --teacher"},
    {"pretrain", Setting::kClasses, "--classes"},
    {"pretrain", Setting::kLearningRate, "--learning-rate, or --resume"},
    {"pretrain", Setting::kResume, "without --resume"},
};

}  // namespace

std::string WithOptions(std::string_view command, std::string_view sentence, Setting about) {
  std::string text(sentence);
  for (const Hint& hint : kHints) {
    if (hint.command != command || hint.about != about) continue;
    text.append(" (").append(hint.options).append(")");
  }
  return text;
}

}  // namespace shadowtutor::cli
