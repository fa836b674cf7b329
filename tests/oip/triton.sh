# shellcheck shell=bash disable=SC2034
# Triton Inference Server, for scripts/test-oip: the one that NVIDIA's PyTriton has in it, without a GPU.
NAME=PyTriton VERSION=0.7.0 SAID="triton 2."
PACKAGES=("nvidia-pytriton==$VERSION")

write_model() {
  local models=$1
  export PYTRITON_HOME=$models/pytriton
  # How red a pixel is, at half the size, of up to eight pictures at a time.
  cat >"$models/red.py" <<PYTHON
import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


@batch
def red(image):
    return {"red": np.clip(image[:, :1] - image[:, 1:].max(axis=1, keepdims=True), 0, 1)[:, :, ::2, ::2]}


address = {"grpc_address": "127.0.0.1", "grpc_port": $2, "http_address": "127.0.0.1", "http_port": $3, "metrics_port": $4}
with Triton(config=TritonConfig(**address)) as triton:
    triton.bind(
        model_name="red",
        infer_func=red,
        inputs=[Tensor(name="image", dtype=np.float32, shape=(3, 96, 128))],
        outputs=[Tensor(name="red", dtype=np.float32, shape=(1, 48, 64))],
        config=ModelConfig(max_batch_size=8),
    )
    triton.serve()
PYTHON
}
