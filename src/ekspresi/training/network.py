"""Configuration and labels -> the timm network, initialised.

In: an ``Architecture``, where the weights come from. Out: a ``FaceNetwork`` from float32 (N, 1, S, S) to logits
(N, K) and effective resolution (N,). Weights are read from safetensors only: nothing is ever unpickled. Knows nothing
of data or optimizers.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import safe_open
from torch import nn

from ekspresi.errors import ConfigError, ModelError
from ekspresi.recognition.metadata import METADATA_KEY, ModelMetadata
from ekspresi.recognition.pretrained import bundled_weights
from ekspresi.training.imagenet import load_imagenet


@dataclass(frozen=True, slots=True)
class Architecture:
    """What rebuilds a network, apart from its weights; stored in the model file."""

    backbone: str = "efficientnet_b0"
    stem_stride: int = 2
    output_stride: int = 16

    def to_dict(self) -> dict[str, Any]:
        """Plain values for the model file's metadata."""
        return asdict(self)


class FaceNetwork(nn.Module):
    """A timm network with two heads on its pooled features: the expression, and how many pixels the face carries.

    Attributes:
        backbone: the timm network with its classifier.
        resolution: linear, to the base-2 logarithm of the effective side in pixels.
        started_from: the source of the first weights, in words.
    """

    def __init__(self, backbone: nn.Module, started_from: str = "random weights") -> None:
        super().__init__()
        self.backbone = backbone
        self.started_from = started_from
        self.resolution = nn.Linear(backbone.num_features, 1)
        nn.init.constant_(self.resolution.bias, 4.5)  # 23 px: where the training faces lie, roughly

    def forward(self, tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Float32 (N, 1, S, S) -> logits (N, K) and log2 of the effective side in pixels (N,)."""
        pooled = self.backbone.forward_head(self.backbone.forward_features(tensor), pre_logits=True)
        return self.backbone.get_classifier()(pooled), self.resolution(pooled)[:, 0]

    def plain_state(self) -> dict[str, torch.Tensor]:
        """All weights by timm's names, so that the file serves timm too; the second head's under ``resolution.``."""
        prefix = "backbone."
        return {key.removeprefix(prefix): value for key, value in self.state_dict().items()}


def build_network(
    architecture: Architecture,
    labels: Sequence[str],
    dropout: float = 0.0,
    drop_path: float = 0.0,
    init: str = "random",
) -> FaceNetwork:
    """Network with a logit for each label, and a second head for the effective size, on one gray channel.

    Args:
        architecture: backbone (EfficientNet, Tan and Le 2019, for B0) and strides.
        labels: K names, in the order of the logits.
        dropout: before the classifier.
        drop_path: stochastic depth.
        init: 'random', 'imagenet' (see ``training.imagenet``), 'bundled', or a safetensors file. The classifier's
            rows are carried over by label where the file names its labels, and stay random elsewhere; so is the
            second head where the file has none.

    Raises:
        ConfigError: unknown backbone, weights that cannot be had, strides that the backbone does not have.
        ModelError: a weight file that does not fit the network.
    """
    if not timm.is_model(architecture.backbone):
        raise ConfigError(f"backbone = '{architecture.backbone}': timm knows no such network")
    backbone = timm.create_model(
        architecture.backbone,
        in_chans=1,
        num_classes=len(labels),
        drop_rate=dropout,
        drop_path_rate=drop_path,
    )
    source = load_imagenet(backbone, architecture.backbone) if init == "imagenet" else "random weights"
    _set_strides(backbone, architecture)
    network = FaceNetwork(backbone, source)
    if init not in ("random", "imagenet"):
        load_weights(network, _weight_file(init), labels)
        network.started_from = "the bundled weights" if init == "bundled" else Path(init).name
    channels_last: FaceNetwork = network.to(memory_format=torch.channels_last)
    return channels_last


def _set_strides(network: nn.Module, architecture: Architecture) -> None:
    """Remove the last strides until the feature map's stride is ``output_stride``; nothing is dilated."""
    strided = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.stride == (2, 2)]
    if strided and architecture.stem_stride == 1:
        strided.pop(0).stride = (1, 1)
    while strided and 2 ** len(strided) > architecture.output_stride:
        strided.pop().stride = (1, 1)
    if 2 ** len(strided) != architecture.output_stride:
        raise ConfigError(
            f"output_stride = {architecture.output_stride}: with stem_stride = {architecture.stem_stride}, "
            f"{architecture.backbone} reaches {2 ** len(strided)} at most"
        )


def _weight_file(init: str) -> Path:
    return bundled_weights() if init == "bundled" else Path(init)


def load_weights(network: FaceNetwork, path: Path, labels: Sequence[str]) -> None:
    """Fill a network from a safetensors file of float16 or float32, by ``plain_state``'s names.

    A stem of three channels is summed to gray; the classifier is carried over label by label.

    Raises:
        ModelError: no such file, no safetensors, or the weights of another network.
    """
    state, metadata = _read(path)
    own = network.plain_state()
    second = [name for name in own if name.startswith("resolution.")]
    for name, value in state.items():
        if name in own and value.ndim == 4 and value.shape[1] == 3 and own[name].shape[1] == 1:
            state[name] = value.sum(dim=1, keepdim=True)
    known = metadata.labels if metadata else ()
    for name in ("classifier.weight", "classifier.bias"):
        rows = own[name].clone()
        for row, label in enumerate(labels):
            if label in known and name in state and state[name].shape[1:] == rows.shape[1:]:
                rows[row] = state[name][known.index(label)]
        state[name] = rows
    for name in second:
        state.setdefault(name, own[name].clone())
    missing = [name for name in own if name not in state and "num_batches" not in name]
    wrong = [name for name in state if name not in own or state[name].shape != own[name].shape]
    if missing or wrong:
        raise ModelError(f"{path}: weights of another network (first mismatch: {(missing + wrong)[0]})")
    network.load_state_dict(
        {name if name in second else f"backbone.{name}": value for name, value in state.items()}, strict=False
    )


def load_teacher(name: str, labels: Sequence[str]) -> FaceNetwork:
    """'bundled' or a safetensors file of ekspresi -> the network it was exported from, for answers only.

    Raises:
        ModelError: no such file, one that does not say how its network is built, or one that knows other labels.
    """
    path = _weight_file(name)
    _, metadata = _read(path)
    if metadata is None or not metadata.architecture:
        raise ModelError(f"{path}: does not say how its network is built; a teacher must come from `ekspresi export`")
    if set(metadata.labels) != set(labels):
        raise ModelError(f"{path}: a teacher of {', '.join(metadata.labels)} cannot teach {', '.join(labels)}")
    network = build_network(Architecture(**metadata.architecture), labels, init=name)
    network.eval()
    network.requires_grad_(False)
    return network


def parents_of(init: str) -> list[dict[str, Any]]:
    """Data that the initial weights have seen: reader, fingerprint and split of each set; empty where nobody knows."""
    if init in ("random", "imagenet"):
        return []
    _, metadata = _read(_weight_file(init))
    if metadata is None:
        return []
    split = metadata.provenance.get("split", {})
    told = {"split": {key: split[key] for key in ("protocol", "fold", "seed")}} if split else {}
    seen = [{**metadata.provenance["data"], **told}, *metadata.provenance.get("parents", [])]
    return [data for i, data in enumerate(seen) if data not in seen[:i]]


def _read(path: Path) -> tuple[dict[str, torch.Tensor], ModelMetadata | None]:
    """Tensors of a safetensors file, and what ekspresi wrote into it, if it did."""
    if not path.is_file():
        raise ModelError(f"{path}: no such weight file")
    try:
        with safe_open(path, "pt") as file:
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            text = (file.metadata() or {}).get(METADATA_KEY)
    except Exception as error:
        raise ModelError(f"{path}: is no safetensors file ({error}); other formats are not read") from error
    return state, ModelMetadata.from_json(text, str(path)) if text else None


def freeze_backbone(network: FaceNetwork) -> None:
    """Leave only the two heads to be trained; batch norms keep their statistics."""
    for parameter in network.parameters():
        parameter.requires_grad = False
    for head in (network.backbone.get_classifier(), network.resolution):
        for parameter in head.parameters():
            parameter.requires_grad = True
