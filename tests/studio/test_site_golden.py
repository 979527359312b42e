"""The recognizer's file gives the golden answers in the browser's runtime too."""

import json
from pathlib import Path

import numpy as np

from tests.support.studio_pages import StudioPage

GOLDEN = Path(__file__).parents[1] / "portable" / "golden.json"

RUN_CASES = """
const { Runtime } = await import("/js/engine/runtime.js");
const { runtime, model } = await Runtime.open({ threads: 1, onProgress() {} });
const prior = Float32Array.from(model.priors.trained);
const answers = [];
for (const { height, width, channels, image, boxes } of given) {
  const { probabilities, effective_px, abstained, threshold } = await runtime.run("recognizer", {
    image: ["uint8", Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0)), [height, width, channels]],
    boxes: ["float32", Float32Array.from(boxes.flat()), [boxes.length, 4]],
    crops: ["int32", new Int32Array(0), [0, 4]],
    prior: ["float32", prior, [prior.length]],
    assumed_px: ["float32", new Float32Array(0), [0]],
  });
  answers.push({ probabilities: [...probabilities.data], effective_px: [...effective_px.data],
    abstained: [...abstained.data].map(Boolean), threshold: [...threshold.data] });
}
return { labels: model.labels, answers };
"""


def test_recognizer_file_gives_the_golden_answers(engine_page: StudioPage) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    found = engine_page.run(RUN_CASES, golden["cases"])
    assert found["labels"] == golden["labels"]
    for case, answer in zip(golden["cases"], found["answers"], strict=True):
        probabilities = np.reshape(answer["probabilities"], (-1, len(golden["labels"])))
        assert np.abs(probabilities - case["probabilities"]).max() <= 1e-5
        assert np.abs(np.subtract(answer["effective_px"], case["effective_px"])).max() <= 1e-2
        assert answer["abstained"] == case["abstained"]
        assert answer["abstained"] == (probabilities.max(axis=1) < answer["threshold"]).tolist()
