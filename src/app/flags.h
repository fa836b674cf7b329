// The command line that another program may rely on when it starts `shadowtutor serve` and
// `shadowtutor run`: names of options, and the line that tells where a server listens. The commands
// declare their options by these names, so a name is changed in one place for both.
#ifndef SHADOWTUTOR_APP_FLAGS_H_
#define SHADOWTUTOR_APP_FLAGS_H_

namespace shadowtutor::app::flags {

inline constexpr char kServe[] = "serve";
inline constexpr char kRun[] = "run";

// Of both.
inline constexpr char kStudent[] = "--student";
inline constexpr char kInsecure[] = "--insecure";
/// `serve` has its certificate with its key; `run` the authority that it trusts.
inline constexpr char kTlsCertificate[] = "--tls-cert";
inline constexpr char kTlsKey[] = "--tls-key";
inline constexpr char kTlsAuthority[] = "--tls-ca";

// Of `serve`.
inline constexpr char kTeacher[] = "--teacher";
inline constexpr char kListen[] = "--listen";
inline constexpr char kSeed[] = "--seed";
inline constexpr char kPolicy[] = "--policy";
/// What --cut takes besides the names of stages.
inline constexpr char kCutPartial[] = "partial";
inline constexpr char kCutFull[] = "full";
/// The first line on standard output: this, then the address.
inline constexpr char kListeningOn[] = "listening on ";

// Of `run`.
inline constexpr char kServer[] = "--server";
inline constexpr char kJson[] = "--json";
inline constexpr char kFrames[] = "--frames";
inline constexpr char kMaxFps[] = "--max-fps";
inline constexpr char kBandwidth[] = "--bandwidth";
inline constexpr char kReferenceTeacher[] = "--reference-teacher";
inline constexpr char kReferenceEvery[] = "--reference-every";
inline constexpr char kFrameCodec[] = "--frame-codec";
inline constexpr char kJpegQuality[] = "--jpeg-quality";
inline constexpr char kH264Crf[] = "--h264-crf";
inline constexpr char kUpdateCodec[] = "--update-codec";
inline constexpr char kSegment[] = "--segment";
inline constexpr char kLabelCodec[] = "--label-codec";

}  // namespace shadowtutor::app::flags

#endif  // SHADOWTUTOR_APP_FLAGS_H_
