// The element `shadowtutor`: a video filter that segments each frame and draws by the labels.
// docs/gstreamer.md describes it for users.
#ifndef SHADOWTUTOR_GSTREAMER_ELEMENT_H_
#define SHADOWTUTOR_GSTREAMER_ELEMENT_H_

#include <glib-object.h>

#define GST_TYPE_SHADOW_TUTOR (gst_shadow_tutor_get_type())
GType gst_shadow_tutor_get_type();

#endif  // SHADOWTUTOR_GSTREAMER_ELEMENT_H_
