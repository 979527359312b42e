"""A run -> the model file that is shipped, and the weights to train on from.

In: a run folder. Out: an ONNX file (opset 18, input ``tensor`` float32 (N, 1, S, S), output ``logits`` float32
(N, K)) that says everything about itself in its metadata, and the same weights as float16 safetensors beside it.
The ONNX file is checked against torch before it is kept. Knows nothing of evaluation.
"""

import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.torch import save
from torch import nn

from ekspresi.cropping import CropConvention
from ekspresi.errors import ModelError
from ekspresi.modelfile import METADATA_KEY, ModelMetadata
from ekspresi.outputs import make_folder, replacing
from ekspresi.training.config import TrainConfig
from ekspresi.training.data import preprocessing_of
from ekspresi.training.network import Architecture, build_network
from ekspresi.training.run import Run, load_run, read_record

LARGEST_DIFFERENCE = 1e-4
"""Probabilities of the ONNX file and of torch may differ by this much at most."""


@dataclass(frozen=True, slots=True)
class Export:
    """What was written.

    Attributes:
        model: the ONNX file.
        weights: the float16 safetensors file.
        difference: largest difference of probabilities between ONNX Runtime and torch.
    """

    model: Path
    weights: Path
    difference: float


def export(folder: Path, out: Path, name: str | None = None) -> Export:
    """Write the chosen epoch of a run as ``out`` (.onnx) and ``out`` with the suffix .safetensors.

    The weights are rounded to float16 first and both files hold the rounded values, so that training on from the
    safetensors file starts from exactly the model that is shipped.

    Raises:
        ConfigError: no run folder.
        ModelError: ``out`` is no .onnx path, or ONNX Runtime disagrees with torch.
    """
    if out.suffix != ".onnx":
        raise ModelError(f"{out}: name the model file *.onnx")
    run, config = load_run(folder)
    record = read_record(run)
    labels = tuple(record["labels"])
    network = load_network(run, config, labels)
    state = {key: value.half() if value.is_floating_point() else value for key, value in network.state_dict().items()}
    network.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    )
    metadata = ModelMetadata(
        name=name or out.stem,
        labels=labels,
        preprocessing=preprocessing_of(config),
        crop=CropConvention(),
        architecture=Architecture(config.backbone, config.stem_stride, config.output_stride).to_dict(),
        provenance=_provenance(record, config),
    )
    make_folder(out.parent)
    weights = out.with_suffix(".safetensors")
    with replacing(out) as temporary:
        _write_onnx(network, config.input_px, metadata, temporary)
        difference = largest_difference(network, temporary, config.input_px)
        if not difference <= LARGEST_DIFFERENCE:
            raise ModelError(f"{out}: probabilities differ from torch by {difference:.2g}; not written")
    with replacing(weights) as temporary:
        contiguous = {key: value.contiguous() for key, value in state.items()}
        temporary.write_bytes(save(contiguous, metadata={METADATA_KEY: metadata.to_json()}))
    return Export(out, weights, difference)


def load_network(run: Run, config: TrainConfig, labels: tuple[str, ...]) -> nn.Module:
    """Network with the weights of a run's chosen epoch, in evaluation mode.

    Raises:
        ModelError: the checkpoint is damaged, or does not fit the run's configuration.
    """
    architecture = Architecture(config.backbone, config.stem_stride, config.output_stride)
    network = build_network(architecture, labels)
    try:
        state = torch.load(run.best, map_location="cpu", weights_only=True)["state_dict"]
        prefix = "network."
        network.load_state_dict({k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)})
    except Exception as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{run.best}: does not fit {run.config} ({line}); train again") from error
    return network.eval()


def largest_difference(network: nn.Module, model: Path, input_px: int) -> float:
    """Largest absolute difference of probabilities between torch and ONNX Runtime on 32 random tensors."""
    generator = np.random.default_rng(0)
    tensor = generator.normal(size=(32, 1, input_px, input_px)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    (ours,) = session.run(["logits"], {"tensor": tensor})
    with torch.inference_mode():
        theirs = network(torch.from_numpy(tensor)).softmax(1)
    return float((torch.from_numpy(ours).softmax(1) - theirs).abs().max())


def _write_onnx(network: nn.Module, input_px: int, metadata: ModelMetadata, path: Path) -> None:
    example = torch.zeros(2, 1, input_px, input_px)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns about itself
        raw = Path(folder) / "model.onnx"
        torch.onnx.export(
            network.to(memory_format=torch.contiguous_format),
            (example,),
            str(raw),
            input_names=["tensor"],
            output_names=["logits"],
            dynamic_axes={"tensor": {0: "N"}, "logits": {0: "N"}},
            opset_version=18,
            dynamo=False,
        )
        model = onnx.load(raw)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, metadata.to_json()
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _provenance(record: dict[str, Any], config: TrainConfig) -> dict[str, Any]:
    """What the model file says of its making; no path of the machine it was made on."""
    data = record["data"]
    settings = {key: value for key, value in asdict(config).items() if key != "data"}
    if settings["init"] not in ("random", "imagenet", "bundled"):
        settings["init"] = Path(config.init).name
    return {
        "data": {"reader": data["spec"].split(":", 1)[0], "fingerprint": data["fingerprint"]},
        "parents": record.get("parents", []),
        "split": {"seed": config.seed, **record["split"]},
        "config": settings,
        "command": "ekspresi train --config CONFIG --out NEW_FOLDER",
        "versions": record["versions"],
        "best": record.get("best", {}),
        "seconds": record.get("seconds"),
    }
