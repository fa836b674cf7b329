// The plugin that GStreamer loads.
#include <gst/gst.h>

#include "gstreamer/element.h"

namespace {

gboolean Register(GstPlugin* plugin) {
  return gst_element_register(plugin, "shadowtutor", GST_RANK_NONE, GST_TYPE_SHADOW_TUTOR);
}

}  // namespace

#define PACKAGE "shadowtutor"  // which the macro needs
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, shadowtutor,
                  "Segments video with a student that a server teaches", Register,
                  SHADOWTUTOR_GST_VERSION, "Apache-2.0", "ShadowTutor",
                  "https://arxiv.org/abs/2003.10735")
