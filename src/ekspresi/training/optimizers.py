"""Names of optimizers -> optimizers, and the learning rate over a training.

In: a name, a network, numbers. Out: a torch optimizer, and a factor per step. 'RMSprop' is three things; here
``rmsprop`` is torch's (smoothing 0.9, eps 1e-8 outside the root, second moment from 0, no momentum) and
``rmsprop-tf`` is that of the EfficientNet paper as timm implements it (smoothing 0.9, momentum 0.9, eps 1e-3 inside
the root, second moment from 1; Tan and Le 2019). Knows nothing of data.
"""

import math
from typing import Any

import torch
from timm.optim import create_optimizer_v2, list_optimizers
from torch import nn

from ekspresi.errors import ConfigError

_OWN: dict[str, tuple[str, dict[str, Any]]] = {
    "adam": ("adam", {}),
    "sgd": ("sgd", {"momentum": 0.9}),  # timm's 'sgd' is Nesterov's
    "rmsprop": ("rmsprop", {"momentum": 0.0, "alpha": 0.9, "eps": 1e-8}),
    "rmsprop-tf": ("rmsproptf", {"momentum": 0.9, "alpha": 0.9, "eps": 1e-3}),
    "adamw": ("adamw", {}),
}


def build_optimizer(name: str, network: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
    """Optimizer over the trainable parameters; weight decay leaves out norms and biases.

    Raises:
        ConfigError: neither one of ekspresi's names nor one of timm's.
    """
    timm_name, arguments = _OWN.get(name, (name, {}))
    if timm_name not in list_optimizers():
        raise ConfigError(f"optimizer = '{name}': use one of {', '.join(_OWN)}, or any name timm.optim lists")
    return create_optimizer_v2(
        network,
        opt=timm_name,
        lr=learning_rate,
        weight_decay=weight_decay,
        filter_bias_and_bn=True,
        **arguments,
    )


def warmup_cosine(step: int, warmup_steps: int, total_steps: int) -> float:
    """Factor of the peak learning rate at a step: a linear rise, then a cosine to zero."""
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
