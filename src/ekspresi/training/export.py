"""Export a run as a model file and as weights to train on from.

In: a run folder and the data of its training. Out: an ONNX file and the same weights as float16 safetensors beside it.
The ONNX file has opset 18, the input ``tensor`` float32 (N, 1, S, S), and the outputs ``logits`` float32 (N, K) and
``log2_px`` float32 (N,), the effective side in octaves. Its metadata describe it completely. It is checked against
torch, then calibrated on the validation faces of its split. Does not know about test faces.
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
from torch import nn

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.registry import read
from ekspresi.datasets.splits import Split, make_split
from ekspresi.errors import DatasetError, ModelError
from ekspresi.evaluation.calibration_fit import fit_calibration, fit_sizes
from ekspresi.evaluation.threshold_fit import fit_strict_thresholds
from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.calibration import SizeCalibration
from ekspresi.recognition.metadata import METADATA_KEY, ModelMetadata
from ekspresi.recognition.recognizer import Recognizer
from ekspresi.system.onnx_runtime import create_session
from ekspresi.system.storage import atomic_write, ensure_folder
from ekspresi.tables.overwrite import check_replaceable
from ekspresi.training.config import TrainConfig
from ekspresi.training.data import TrainingBatches, make_preprocessing
from ekspresi.training.network import Architecture, FaceNetwork, MirroredViews, build_network
from ekspresi.training.run_folder import TrainingRun, load_run, read_record
from ekspresi.types import Device

LARGEST_DIFFERENCE = 1e-4
"""Largest difference allowed between the ONNX file and torch, in probabilities and in octaves of size.

The limit grows in proportion where logits exceed ``SANE_LOGITS`` or octaves exceed 1, because float32 is not finer. A
network that has hardly learnt turns noise into logits of hundreds."""

SANE_LOGITS = 10.0
"""Absolute value of logits up to which the limit does not grow."""

WEIGHTS_SUFFIX = ".safetensors"
"""Suffix of the weights' file, whose stem is the model file's."""


@dataclass(frozen=True, slots=True)
class Export:
    """Name what an export wrote.

    Attributes:
        model: the ONNX file.
        weights: the float16 safetensors file.
        difference: largest difference of probabilities, and of octaves of size, between ONNX Runtime and torch.
        calibration: the fitted calibration; None where there are too few validation faces.

        >>> Export(Path("a.onnx"), Path("a.safetensors"), 1e-6, None).weights.suffix
        '.safetensors'
    """

    model: Path
    weights: Path
    difference: float
    calibration: SizeCalibration | None


def check_files(out: Path, overwrite: bool) -> None:
    """Refuse to replace files that are read-only or not ekspresi's, before a training or a fitting.

    Args:
        out: the model file; its weights lie beside it.
        overwrite: the user gave --overwrite.

    Raises:
        OutputError: one of the two files must not be replaced.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_files(Path(folder) / "model.onnx", overwrite=False)
    """
    for file in (out, out.with_suffix(WEIGHTS_SUFFIX)):
        check_replaceable(file, overwrite=overwrite, choice="--out")


def export(
    folder: Path, out: Path, name: str | None = None, *, overwrite: bool = False, device: Device = "auto"
) -> Export:
    """Write the chosen epoch of a run as ``out`` (.onnx) and as .safetensors beside it.

    The weights are first rounded to float16, and both files hold the rounded values. So a training that starts from
    the safetensors file starts from exactly the exported model.

    Args:
        folder: the run folder.
        out: the model file to write.
        name: the model's name; the stem of ``out`` by default.
        overwrite: replace files that ekspresi did not make.
        device: 'auto', 'cpu' or 'cuda', for the calibration; the comparison with torch runs on the CPU.

    Raises:
        OutputError: see ``check_files``, or a file cannot be written.
        ConfigError: ``folder`` is not a run folder.
        DatasetError: the data of the run cannot be read or have changed.
        ModelError: ``out`` does not end in .onnx, or ONNX Runtime disagrees with torch.

        >>> export(Path("runs/mine"), Path("model.pt"))
        Traceback (most recent call last):
        ...
        ekspresi.errors.ModelError: model.pt: does not end in .onnx. Name the model file *.onnx.
    """
    if out.suffix != ".onnx":
        raise ModelError(f"{out}: does not end in .onnx. Name the model file *.onnx.")
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
        preprocessing=make_preprocessing(config),
        crop=CropConvention(),
        architecture=Architecture(config.backbone, config.stem_stride, config.output_stride).to_dict(),
        provenance=_provenance(record, config),
    )
    ensure_folder(out.parent)
    weights = out.with_suffix(WEIGHTS_SUFFIX)
    with atomic_write(out) as temporary:
        viewed = MirroredViews(network).eval() if config.views == 2 else network
        graph = _onnx_of(viewed, config.input_px)
        _write_onnx(graph, metadata, temporary)
        difference = measure_difference(viewed, temporary, config.input_px)
        if not difference <= LARGEST_DIFFERENCE:
            raise ModelError(
                f"{out}: is not written, because it differs from torch by {difference:.2g}. Train for more epochs."
            )
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
    """Read the data of a run and split them as in its training."""
    dataset = read(config.data)
    if dataset.fingerprint != record["data"]["fingerprint"]:
        raise DatasetError(
            f"{config.data}: holds other data than the run was trained on. Restore those data to calibrate."
        )
    return dataset, make_split(dataset, config.split, fold=config.fold, seed=config.seed)


def _calibrate(
    recognizer: Recognizer, dataset: FaceDataset, split: Split, config: TrainConfig
) -> SizeCalibration | None:
    """Fit the calibration on the validation faces of the run's split."""
    drawn = TrainingBatches(dataset, split.train, config.changed(blendshapes=""))  # the votes alone count here
    order = drawn.order(0)
    calibration = fit_calibration(
        recognizer,
        dataset,
        split.validation,
        priors=drawn.targets.mean(axis=0, dtype=np.float64),
        drawn_priors=np.average(drawn.targets[order], axis=0, weights=drawn.weights[order]),
        smallest_px=float(config.min_px),
    )
    return calibration and fit_strict_thresholds(recognizer, calibration, dataset, split.validation)


def load_network(run: TrainingRun, config: TrainConfig, labels: tuple[str, ...]) -> FaceNetwork:
    """Build the network with the weights of a run's chosen epoch, in evaluation mode.

    Raises:
        ModelError: the checkpoint is missing, damaged, or does not fit the run's configuration.

        >>> load_network(TrainingRun(Path("mine")), TrainConfig(data="folder:x"), ("sad", "glad"))
        Traceback (most recent call last):
        ...
        ekspresi.errors.ModelError: mine/checkpoints/best.ckpt: does not fit mine/config.toml (...). Train again.
    """
    architecture = Architecture(config.backbone, config.stem_stride, config.output_stride)
    network = build_network(architecture, labels)
    try:
        state = torch.load(run.best, map_location="cpu", weights_only=True)["state_dict"]
        prefix = "network."
        network.load_state_dict({k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)})
    except Exception as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{run.best}: does not fit {run.config} ({line}). Train again.") from error
    evaluating: FaceNetwork = network.eval()
    return evaluating


def measure_difference(network: nn.Module, model: Path, input_px: int) -> float:
    """Compare torch with ONNX Runtime on 32 tensors of noise.

    Args:
        network: the torch network.
        model: the ONNX file.
        input_px: side of the network's input, pixels.

    Returns:
        The largest difference of probabilities and of octaves of size, relative as ``LARGEST_DIFFERENCE`` describes.

        >>> from ekspresi.training.network import load_teacher
        >>> bundled = Recognizer()
        >>> network, _ = load_teacher("bundled", bundled.labels)
        >>> views = MirroredViews(network).eval()
        >>> measure_difference(views, bundled.path, input_px=64) < LARGEST_DIFFERENCE
        True
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


def _onnx_of(network: nn.Module, input_px: int) -> Any:
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
    """Record how the model was made, without paths of the machine."""
    data = record["data"]
    settings = config.model_dump(exclude={"data"})
    if settings["init"] not in ("random", "imagenet", "bundled"):
        settings["init"] = Path(config.init).name
    reader = data.get("reader") or data["spec"].split(":", 1)[0]  # runs of an older version name no reader
    return {
        "data": {"reader": reader, "fingerprint": data["fingerprint"]},
        "parents": record.get("parents", []),
        "started_from": record.get("started_from"),
        "split": {"seed": config.seed, **record["split"]},
        "config": settings,
        "command": "ekspresi train --config CONFIG --out NEW_FOLDER",
        "versions": record["versions"],
        "best": record.get("best", {}),
        "seconds": record.get("seconds"),
    }
