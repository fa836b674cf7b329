// A policy from the public options.
#ifndef SHADOWTUTOR_API_POLICY_OF_H_
#define SHADOWTUTOR_API_POLICY_OF_H_

#include "distill/policy_parts.h"
#include "shadowtutor/trainer.h"

namespace shadowtutor::api {

/// Throws Error kInvalidArgument for a policy or a part that does not exist, or a value out of
/// range.
inline distill::Policy PolicyOf(const PolicyOptions& options) {
  return distill::WithChanges(distill::FindPolicy(options.policy), options.parts);
}

}  // namespace shadowtutor::api

#endif  // SHADOWTUTOR_API_POLICY_OF_H_
