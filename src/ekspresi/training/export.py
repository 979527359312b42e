"""A run -> the model file that is shipped, and the weights to train on from.

In: a run folder, and the data it was trained on. Out: an ONNX file (opset 18, input ``tensor`` float32 (N, 1, S, S),
outputs ``logits`` float32 (N, K) and ``log2_px`` float32 (N,), the effective side in octaves) that says everything
about itself in its metadata, and the same weights as float16 safetensors beside it. The ONNX file is checked against
torch, then calibrated on the validation side of its split. Knows nothing of test faces.
"""

import tempfile
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from safetensors.torch import save

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import Split, make_split
from ekspresi.errors import DatasetError, ModelError
from ekspresi.evaluation.calibration_fit import fit_calibration, fit_sizes
from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.metadata import METADATA_KEY, ModelMetadata
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.onnx_runtime import create_session
from ekspresi.system.storage import atomic_write, ensure_folder
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.training.config import TrainConfig
from ekspresi.training.data import TrainingBatches, preprocessing_of
from ekspresi.training.network import Architecture, FaceNetwork, build_network
from ekspresi.training.run import TrainingRun, load_run, read_record
from ekspresi.types import Device

LARGEST_DIFFERENCE = 1e-4
"""Probabilities, and octaves of size, of the ONNX file and of torch may differ by this much at most; in proportion more
where logits lie beyond ``SANE_LOGITS``, or octaves beyond 1: float32 itself is no finer, and a network that has hardly
learnt makes logits of hundreds out of noise."""

SANE_LOGITS = 10.0

WEIGHTS_SUFFIX = ".safetensors"
"""What the name of the weights ends in; else it is that of the model file."""


@dataclass(frozen=True, slots=True)
class Export:
    """What was written.

    Attributes:
        model: the ONNX file.
        weights: the float16 safetensors file.
        difference: largest difference of probabilities, and of octaves of size, between ONNX Runtime and torch.
        calibration: what was fitted; None where the validation side is too small for it.
    """

    model: Path
    weights: Path
    difference: float
    calibration: SizeCalibration | None


def check_files(out: Path, overwrite: bool) -> None:
    """Refuse to replace what is no model of ekspresi, or is read-only, before a training or a fitting.

    Args:
        out: the model file; its weights lie beside it.
        overwrite: the user gave --overwrite.

    Raises:
        OutputError: it would be replaced.
    """
    for file in (out, out.with_suffix(WEIGHTS_SUFFIX)):
        check_replaceable(file, overwrite=overwrite, choice="--out")


def export(
    folder: Path, out: Path, name: str | None = None, *, overwrite: bool = False, device: Device = "auto"
) -> Export:
    """Write the chosen epoch of a run as ``out`` (.onnx) and ``out`` with the suffix .safetensors.

    The weights are rounded to float16 first and both files hold the rounded values, so that training on from the
    safetensors file starts from exactly the model that is shipped. The comparison with torch runs on the CPU, and the
    calibration on ``device``.

    Raises:
        OutputError: see ``check_files``, or a file cannot be written.
        ConfigError: no run folder.
        DatasetError: the data of the run cannot be read, or are other data by now.
        ModelError: ``out`` is no .onnx path, or ONNX Runtime disagrees with torch.
    """
    if out.suffix != ".onnx":
        raise ModelError(f"{out}: name the model file *.onnx")
    check_files(out, overwrite)
    run, config = load_run(folder)
    record = read_record(run)
    labels = tuple(record["labels"])
    network = load_network(run, config, labels)
    _round_to_half(network)
    state = {key: value.half() if value.is_floating_point() else value for key, value in network.plain_state().items()}
    metadata = ModelMetadata(
        name=name or out.stem,
        labels=labels,
        preprocessing=preprocessing_of(config),
        crop=CropConvention(),
        architecture=Architecture(config.backbone, config.stem_stride, config.output_stride).to_dict(),
        provenance=_provenance(record, config),
    )
    ensure_folder(out.parent)
    weights = out.with_suffix(WEIGHTS_SUFFIX)
    with atomic_write(out) as temporary:
        graph = _onnx_of(network, config.input_px)
        _write_onnx(graph, metadata, temporary)
        difference = largest_difference(network, temporary, config.input_px)
        if not difference <= LARGEST_DIFFERENCE:
            raise ModelError(f"{out}: probabilities differ from torch by {difference:.2g}; not written")
        dataset, split = _data_of(config, record)
        correction = fit_sizes(Recognizer(temporary, device=device), dataset, split.validation, config.min_px)
        metadata = replace(metadata, size_correction=correction)
        _write_onnx(graph, metadata, temporary)
        metadata = replace(
            metadata, calibration=_calibrate(Recognizer(temporary, device=device), dataset, split, config)
        )
        _write_onnx(graph, metadata, temporary)
    with atomic_write(weights) as temporary:
        contiguous = {key: value.contiguous() for key, value in state.items()}
        temporary.write_bytes(save(contiguous, metadata={METADATA_KEY: metadata.to_json()}))
    return Export(out, weights, difference, metadata.calibration)


def _round_to_half(network: FaceNetwork) -> None:
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.copy_(value.half().float())


def _data_of(config: TrainConfig, record: dict[str, Any]) -> tuple[FaceDataset, Split]:
    """The data of a run and their split, as they were in training."""
    dataset = read(config.data)
    if dataset.fingerprint != record["data"]["fingerprint"]:
        raise DatasetError(f"{config.data}: holds other data than the run was trained on; put those back to calibrate")
    return dataset, make_split(dataset, config.split, fold=config.fold, seed=config.seed)


def _calibrate(
    recognizer: Recognizer, dataset: FaceDataset, split: Split, config: TrainConfig
) -> SizeCalibration | None:
    """Fitted on the validation side of the run's split."""
    drawn = TrainingBatches(dataset, split.train, config)
    order = drawn.order(0)
    return fit_calibration(
        recognizer,
        dataset,
        split.validation,
        shares=drawn.targets.mean(axis=0, dtype=np.float64),
        drawn_shares=np.average(drawn.targets[order], axis=0, weights=drawn.weights[order]),
        smallest_px=float(config.min_px),
    )


def load_network(run: TrainingRun, config: TrainConfig, labels: tuple[str, ...]) -> FaceNetwork:
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
    evaluating: FaceNetwork = network.eval()
    return evaluating


def largest_difference(network: FaceNetwork, model: Path, input_px: int) -> float:
    """Largest difference of probabilities and of octaves of size, torch against ONNX Runtime, 32 tensors of noise.

    Relative to the largest values, see ``LARGEST_DIFFERENCE``.
    """
    generator = np.random.default_rng(0)
    tensor = generator.normal(size=(32, 1, input_px, input_px)).astype(np.float32)
    session = create_session(str(model), device="cpu")
    logits, octaves = map(torch.from_numpy, session.run(["logits", "log2_px"], {"tensor": tensor}))
    with torch.inference_mode():
        their_logits, their_octaves = network(torch.from_numpy(tensor))
    probabilities = (logits.softmax(1) - their_logits.softmax(1)).abs().max()
    return max(
        float(probabilities) / max(1.0, float(their_logits.abs().max()) / SANE_LOGITS),
        float((octaves - their_octaves).abs().max()) / max(1.0, float(their_octaves.abs().max())),
    )


def _onnx_of(network: FaceNetwork, input_px: int) -> Any:
    example = torch.zeros(2, 1, input_px, input_px)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns about itself
        raw = Path(folder) / "model.onnx"
        torch.onnx.export(
            network.to(memory_format=torch.contiguous_format),
            (example,),
            str(raw),
            input_names=["tensor"],
            output_names=["logits", "log2_px"],
            dynamic_axes={"tensor": {0: "N"}, "logits": {0: "N"}, "log2_px": {0: "N"}},
            opset_version=18,
            dynamo=False,
        )
        return onnx.load(raw)


def _write_onnx(model: Any, metadata: ModelMetadata, path: Path) -> None:
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, metadata.to_json()
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _provenance(record: dict[str, Any], config: TrainConfig) -> dict[str, Any]:
    """What the model file says of its making; no path of the machine it was made on."""
    data = record["data"]
    settings = config.model_dump(exclude={"data"})
    if settings["init"] not in ("random", "imagenet", "bundled"):
        settings["init"] = Path(config.init).name
    return {
        "data": {"reader": data["spec"].split(":", 1)[0], "fingerprint": data["fingerprint"]},
        "parents": record.get("parents", []),
        "started_from": record.get("started_from"),
        "split": {"seed": config.seed, **record["split"]},
        "config": settings,
        "command": "ekspresi train --config CONFIG --out NEW_FOLDER",
        "versions": record["versions"],
        "best": record.get("best", {}),
        "seconds": record.get("seconds"),
    }
