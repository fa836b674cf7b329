# shellcheck shell=bash disable=SC2034
# KServe's own server of models in Python, for scripts/test-oip.
NAME=KServe VERSION=0.15.2 SAID="kserve $VERSION" TELLS=0
PACKAGES=("kserve==$VERSION")

write_model() {
  local models=$1
  # How red a pixel is, at half the size.
  cat >"$models/red.py" <<PYTHON
import numpy as np
from kserve import InferOutput, InferResponse, Model, ModelServer


class Red(Model):
    def __init__(self):
        super().__init__("red")
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        image = payload.inputs[0].as_numpy()  # [1,3,h,w], 0..1
        red = np.clip(image[:, :1] - image[:, 1:].max(axis=1, keepdims=True), 0, 1)[:, :, ::2, ::2]
        output = InferOutput("red", list(red.shape), "FP32")
        output.set_data_from_numpy(np.ascontiguousarray(red))
        return InferResponse(response_id="", model_name="red", infer_outputs=[output])


ModelServer(grpc_port=$2, http_port=$3).start([Red()])
PYTHON
}
