// The masks as a stream of their own: what flows through the element's request pad `mask`, beside
// the frames of `src`. GstBaseTransform knows one source pad; this one is served here.
#ifndef SHADOWTUTOR_GSTREAMER_MASK_STREAM_H_
#define SHADOWTUTOR_GSTREAMER_MASK_STREAM_H_

#include <gst/base/gstbasetransform.h>
#include <gst/base/gstflowcombiner.h>
#include <gst/video/video.h>

#include <memory>
#include <mutex>

#include "shadowtutor/types.h"

namespace shadowtutor::gst {

/// A pad that is added in mid-stream gets the events that were before it, then masks from the next
/// frame on. Buffers come from a pool of our own without a bound, so that no frame waits for one;
/// downstream says how they are aligned.
///
/// Thread safety: MakePad and Release on any thread; Stop while nothing streams; all others on the
/// thread that calls the sink pad (Forward also with events that are not serialized, on any).
class MaskStream {
 public:
  explicit MaskStream(GstBaseTransform* element);
  ~MaskStream();
  MaskStream(const MaskStream&) = delete;
  MaskStream& operator=(const MaskStream&) = delete;

  /// Makes the pad, active, to be added to the element. Returns null while there is one already.
  GstPad* MakePad(GstPadTemplate* pad_template);
  /// Takes the pad from the element. Does not wait for a mask that is on its way through it.
  void Release(GstPad* pad);

  /// Sends on an event that the sink pad got. Returns whether the pad's peer took it.
  bool Forward(GstEvent* event);
  /// Writes the mask of a frame, which leaves with Push: the labels, or zeros where there are none
  /// (null). Does nothing while the pad is absent or not linked. Throws Error kResourceExhausted
  /// when there is no memory.
  void Write(GstBuffer* frame, FrameSize size, const LabelMap* labels);
  /// Sends the mask that was written last. `frames` is what became of its frame; returns what
  /// upstream shall get for both: an error of either, but that a stream is not linked or has ended
  /// only when both are so.
  GstFlowReturn Push(GstFlowReturn frames);
  void Stop();

 private:
  struct Unref {
    void operator()(gpointer object) const { gst_object_unref(object); }
  };
  using PadPointer = std::unique_ptr<GstPad, Unref>;

  PadPointer Current() const;
  bool IsFresh() const;
  void CatchUp(GstPad* pad);
  bool Send(GstPad* pad, GstEvent* event);
  GstEvent* CapsOf(GstPad* pad, GstEvent* frames);
  void MakePool(GstPad* pad);
  void DropPool();

  GstBaseTransform* const element_;

  // Of the streaming thread.
  GstVideoInfo info_;              // of the masks
  GstBufferPool* pool_ = nullptr;  // none until it is needed
  GstBuffer* waiting_ = nullptr;   // until Push
  bool discontinuous_ = true;      // whether there was no mask right before the next one

  mutable std::mutex mutex_;  // guards what follows; nothing is pushed under it
  GstPad* pad_ = nullptr;
  bool leaving_ = false;  // the pad is being released
  bool fresh_ = false;    // the pad has not got the events that were before it
  GstFlowCombiner* const combiner_;
};

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_MASK_STREAM_H_
