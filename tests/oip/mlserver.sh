# shellcheck shell=bash disable=SC2034
# MLServer, for scripts/test-oip.
NAME=MLServer VERSION=1.7.1 SAID="mlserver $VERSION"
PACKAGES=("mlserver==$VERSION")
START=("$VENV/bin/mlserver" start .)

write_model() {
  local models=$1 grpc_port=$2 http_port=$3
  # It is told apart from other models: how red a pixel is, at half the size.
  mkdir -p "$models/red"
  cat >"$models/red/red.py" <<'PYTHON'
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Red(MLModel):
    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        image = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32)  # [1,3,h,w], 0..1
        red = np.clip(image[:, :1] - image[:, 1:].max(axis=1, keepdims=True), 0, 1)[:, :, ::2, ::2]
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("red", red.astype(np.float32))]
        )
PYTHON
  cat >"$models/red/model-settings.json" <<'JSON'
{"name": "red", "implementation": "red.Red",
 "inputs": [{"name": "image", "datatype": "FP32", "shape": [1, 3, 96, 128]}],
 "outputs": [{"name": "red", "datatype": "FP32", "shape": [1, 1, 48, 64]}]}
JSON
  cat >"$models/settings.json" <<JSON
{"host": "127.0.0.1", "grpc_port": $grpc_port, "http_port": $http_port, "metrics_endpoint": null,
 "parallel_workers": 0, "debug": false}
JSON
}
