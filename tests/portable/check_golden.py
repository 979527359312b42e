"""Run a portable model on the golden cases with ONNX Runtime alone; print the largest differences as JSON.

python check_golden.py MODEL.onnx golden.json
"""

import base64
import json
import sys

import numpy as np
import onnxruntime

model, golden = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
worst = {"probabilities": 0.0, "effective_px": 0.0, "abstained": 0}
with open(golden, encoding="utf-8") as file:  # noqa: PTH123
    cases = json.load(file)["cases"]
for case in cases:
    shape = case["height"], case["width"], case["channels"]
    image = np.frombuffer(base64.b64decode(case["image"]), np.uint8).reshape(shape)
    boxes = np.array(case["boxes"], np.float32).reshape(-1, 4)
    probabilities, effective_px, abstained, _ = session.run(None, {"image": image, "boxes": boxes})
    for name, found in (("probabilities", probabilities), ("effective_px", effective_px)):
        worst[name] = max(worst[name], float(np.abs(found - case[name]).max()))
    worst["abstained"] += int((abstained != case["abstained"]).sum())
print(json.dumps({**worst, "cases": len(cases), "modules": [name for name in sys.modules if name == "ekspresi"]}))
