// Makes models on servers that speak the Open Inference Protocol v2 over gRPC (Triton, OpenVINO
// Model Server, KServe, MLServer) usable as teachers: cards with `runtime: oip` and a `server`
// section (docs/teachers.md). This header does not include gRPC's.
#ifndef SHADOWTUTOR_TEACHER_OIP_USE_OIP_H_
#define SHADOWTUTOR_TEACHER_OIP_USE_OIP_H_

namespace shadowtutor::teacher::oip {

/// To be called before a card is opened; further calls do nothing. Thread safety: any thread.
void UseOip();

}  // namespace shadowtutor::teacher::oip

#endif  // SHADOWTUTOR_TEACHER_OIP_USE_OIP_H_
