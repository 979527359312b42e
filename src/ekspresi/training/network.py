"""Build a timm network with two heads and load its first weights.

In: an ``Architecture``, labels, and the source of the weights. Out: a ``FaceNetwork`` from float32 (N, 1, S, S) to
logits (N, K) and the log2 of effective sides (N,). Files of weights are safetensors; nothing is unpickled. Does not
know about data or optimizers.
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
from ekspresi.recognition.preprocessing import Preprocessing
from ekspresi.recognition.pretrained import bundled_weights
from ekspresi.training.imagenet import load_imagenet


@dataclass(frozen=True, slots=True)
class Architecture:
    """Hold the settings that rebuild a network without its weights; the model file stores them.

    >>> Architecture(output_stride=32).to_dict()
    {'backbone': 'efficientnet_b0', 'stem_stride': 2, 'output_stride': 32}
    """

    backbone: str = "efficientnet_b0"
    stem_stride: int = 2
    output_stride: int = 16

    def to_dict(self) -> dict[str, Any]:
        """Make plain values for the model file's metadata."""
        return asdict(self)


class FaceNetwork(nn.Module):
    """Put two heads on the pooled features of a timm network: the expression and the effective size.

    Attributes:
        backbone: the timm network with its classifier.
        resolution: linear layer to the base-2 logarithm of the effective side in pixels.
        started_from: source of the first weights, in words.

        >>> network = FaceNetwork(timm.create_model("efficientnet_b0", in_chans=1, num_classes=7)).eval()
        >>> logits, octaves = network(torch.zeros(2, 1, 32, 32))
        >>> logits.shape, octaves.shape
        (torch.Size([2, 7]), torch.Size([2]))
    """

    def __init__(self, backbone: nn.Module, started_from: str = "random weights") -> None:
        super().__init__()
        self.backbone = backbone
        self.started_from = started_from
        self.resolution = nn.Linear(backbone.num_features, 1)
        nn.init.constant_(self.resolution.bias, 4.5)  # 23 px, a usual size of training faces

    def forward(self, tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute logits (N, K) and log2 of the effective sides in pixels (N,) of float32 (N, 1, S, S)."""
        return self.read(self.pool(tensor))

    def pool(self, tensor: torch.Tensor) -> torch.Tensor:
        """Compute the pooled features, float32 (N, F), which the heads read."""
        pooled: torch.Tensor = self.backbone.forward_head(self.backbone.forward_features(tensor), pre_logits=True)
        return pooled

    def read(self, pooled: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute the two heads' outputs of pooled features."""
        return self.backbone.get_classifier()(pooled), self.resolution(pooled)[:, 0]

    def plain_state(self) -> dict[str, torch.Tensor]:
        """Return all weights under timm's names, so that timm can load them; the size head is ``resolution.*``."""
        prefix = "backbone."
        return {key.removeprefix(prefix): value for key, value in self.state_dict().items()}


class MirroredViews(nn.Module):
    """Average a network's outputs for each face and its mirror image; a model file with two views holds it.

    >>> network = FaceNetwork(timm.create_model("efficientnet_b0", in_chans=1, num_classes=7)).eval()
    >>> faces = torch.rand(2, 1, 32, 32)
    >>> both = MirroredViews(network)
    >>> torch.allclose(both(faces)[0], both(faces.flip(-1))[0], atol=1e-5)
    True
    """

    def __init__(self, network: FaceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute mean logits (N, K) and mean log2 of the effective sides (N,) of float32 (N, 1, S, S)."""
        logits, octaves = self.network(torch.stack([tensor, tensor.flip(-1)]).flatten(0, 1))
        return logits.view(2, -1, logits.shape[1]).mean(dim=0), octaves.view(2, -1).mean(dim=0)


def build_network(
    architecture: Architecture,
    labels: Sequence[str],
    dropout: float = 0.0,
    drop_path: float = 0.0,
    init: str = "random",
) -> FaceNetwork:
    """Build a network on one gray channel, with a logit for each label and a head for the effective size.

    Args:
        architecture: backbone (EfficientNet, Tan and Le 2019, for B0) and strides.
        labels: K names, in the order of the logits.
        dropout: rate of dropout before the classifier.
        drop_path: rate of stochastic depth.
        init: 'random', 'imagenet' (see ``training.imagenet``), 'bundled', or a safetensors file. Rows of the
            classifier are copied by label where the file names its labels; all other rows stay random. The size head
            stays random where the file has none.

    Raises:
        ConfigError: the backbone is unknown, its weights are not available, or it cannot reach the strides.
        ModelError: the weight file does not fit the network.

        >>> build_network(Architecture(), ("anger", "fear")).started_from
        'random weights'
    """
    if not timm.is_model(architecture.backbone):
        raise ConfigError(
            f"backbone = '{architecture.backbone}': timm does not know this network. Use a name of timm.list_models()."
        )
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
    """Remove the last strides until the feature map has stride ``output_stride``; nothing is dilated."""
    strided = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.stride == (2, 2)]
    if strided and architecture.stem_stride == 1:
        strided.pop(0).stride = (1, 1)
    while strided and 2 ** len(strided) > architecture.output_stride:
        strided.pop().stride = (1, 1)
    if 2 ** len(strided) != architecture.output_stride:
        raise ConfigError(
            f"output_stride = {architecture.output_stride}: with stem_stride = {architecture.stem_stride}, "
            f"{architecture.backbone} reaches {2 ** len(strided)} at most. Lower output_stride."
        )


def _weight_file(init: str) -> Path:
    return bundled_weights() if init == "bundled" else Path(init)


def load_weights(network: FaceNetwork, path: Path, labels: Sequence[str]) -> None:
    """Load a safetensors file of float16 or float32 into a network, by the names of ``plain_state``.

    A stem of three channels is summed to gray. Rows of the classifier are copied by label.

    Args:
        network: changed in place.
        path: the file.
        labels: K labels of the network.

    Raises:
        ModelError: the file is missing, not safetensors, or holds the weights of another network.

        >>> network = build_network(Architecture(), ("happiness", "fear"))
        >>> load_weights(network, bundled_weights(), ("happiness", "fear"))
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
        raise ModelError(
            f"{path}: holds weights of another network (first mismatch: {(missing + wrong)[0]}). "
            "Use weights of this backbone."
        )
    network.load_state_dict(
        {name if name in second else f"backbone.{name}": value for name, value in state.items()}, strict=False
    )


def load_teacher(name: str, labels: Sequence[str]) -> tuple[FaceNetwork, Preprocessing]:
    """Rebuild an exported network and its preprocessing, to predict without gradients.

    Args:
        name: 'bundled', or a safetensors file that ekspresi exported.
        labels: K labels, in the order of the logits.

    Raises:
        ModelError: the file is missing, does not describe its network, or knows other labels.

        >>> from ekspresi.expressions import FERPLUS_LABELS
        >>> network, preprocessing = load_teacher("bundled", FERPLUS_LABELS)
        >>> network.training, preprocessing.input_px
        (False, 64)
    """
    path = _weight_file(name)
    _, metadata = _read(path)
    if metadata is None or not metadata.architecture:
        raise ModelError(f"{path}: does not describe its network. Use weights that `ekspresi export` wrote.")
    if set(metadata.labels) != set(labels):
        raise ModelError(
            f"{path}: a teacher of {', '.join(metadata.labels)} cannot teach {', '.join(labels)}. "
            "Use a teacher with the labels of the data set."
        )
    network = build_network(Architecture(**metadata.architecture), labels, init=name)
    network.eval()
    network.requires_grad_(False)
    return network, metadata.preprocessing


def list_parents(init: str) -> list[dict[str, Any]]:
    """List the data sets that the first weights were trained on: reader, fingerprint and split of each.

    Args:
        init: see ``build_network``.

    Returns:
        One dictionary per data set; empty for random weights, for ImageNet, and for files without a record.

        >>> list_parents("random")
        []
    """
    if init in ("random", "imagenet"):
        return []
    _, metadata = _read(_weight_file(init))
    if metadata is None:
        return []
    split = metadata.provenance.get("split", {})
    recorded = {"split": {key: split[key] for key in ("protocol", "fold", "seed")}} if split else {}
    seen = [{**metadata.provenance["data"], **recorded}, *metadata.provenance.get("parents", [])]
    return [data for i, data in enumerate(seen) if data not in seen[:i]]


def _read(path: Path) -> tuple[dict[str, torch.Tensor], ModelMetadata | None]:
    """Read the tensors of a safetensors file, and the metadata that ekspresi wrote into it, if any."""
    if not path.is_file():
        raise ModelError(
            f"{path}: the weight file does not exist. Use random, imagenet, bundled, or a .safetensors file."
        )
    try:
        with safe_open(path, "pt") as file:
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            text = (file.metadata() or {}).get(METADATA_KEY)
    except Exception as error:
        raise ModelError(f"{path}: is not a safetensors file ({error}). Convert it to safetensors first.") from error
    return state, ModelMetadata.from_json(text, str(path)) if text else None


def freeze_backbone(network: FaceNetwork) -> None:
    """Freeze all weights but those of the two heads; batch norms keep their statistics.

    >>> network = build_network(Architecture(), ("anger", "fear"))
    >>> freeze_backbone(network)
    >>> sum(parameter.requires_grad for parameter in network.parameters())
    4
    """
    for parameter in network.parameters():
        parameter.requires_grad = False
    for head in (network.backbone.get_classifier(), network.resolution):
        for parameter in head.parameters():
            parameter.requires_grad = True
