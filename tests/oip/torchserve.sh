# shellcheck shell=bash disable=SC2034
# TorchServe, for scripts/test-oip.
NAME=TorchServe VERSION=0.12.0 SAID="TorchServe" TELLS=0
# torch is Debian's: PyPI's brings CUDA along.
PACKAGES=("torchserve==$VERSION" psutil pyyaml requests wheel) VENV_OPTIONS=(--system-site-packages)
START=("$VENV/bin/torchserve" --start --foreground --ncs --model-store . --models red=red.mar --ts-config config.properties)
export TS_OPEN_INFERENCE_PROTOCOL=oip

missing() {
  command -v java >/dev/null || echo "openjdk-17-jre-headless"
  "$PYTHON" -c 'import torch' 2>/dev/null || echo "python3-torch"
}

write_model() {
  local models=$1
  export PATH=$VENV/bin:$PATH # it starts the python3 that it finds
  # How red a pixel is, at half the size.
  cat >"$models/red.py" <<'PYTHON'
import numpy as np


def handle(requests, context):
    answers = []
    for request in requests or []:
        asked = request["body"]["inputs"][0]
        image = np.array(asked["data"], np.float32).reshape(asked["shape"])  # [1,3,h,w], 0..1
        red = np.clip(image[:, :1] - image[:, 1:].max(axis=1, keepdims=True), 0, 1)[:, :, ::2, ::2]
        output = {"name": "red", "datatype": "FP32", "shape": red.shape, "data": red.ravel().tolist()}
        answers.append({"id": "", "model_name": "red", "model_version": "1.0", "outputs": [output]})
    return answers
PYTHON
  # What its own tool, torch-model-archiver, makes of that.
  "$PYTHON" - "$models" <<'PYTHON'
import json, sys, zipfile
model = {"modelName": "red", "handler": "red.py", "modelVersion": "1.0"}
with zipfile.ZipFile(f"{sys.argv[1]}/red.mar", "w") as archive:
    archive.write(f"{sys.argv[1]}/red.py", "red.py")
    archive.writestr("MAR-INF/MANIFEST.json", json.dumps({"runtime": "python", "model": model, "archiverVersion": "0.12.0"}))
PYTHON
  cat >"$models/config.properties" <<TEXT
grpc_inference_port=$2
grpc_management_port=$3
inference_address=http://127.0.0.1:$4
management_address=http://127.0.0.1:$5
metrics_address=http://127.0.0.1:$6
disable_token_authorization=true
default_workers_per_model=1
TEXT
}
