"""Build optimizers by name, and compute the learning rate over a training.

In: a name, a network, numbers. Out: a torch optimizer, and a factor per step. Three algorithms are called RMSprop.
Here ``rmsprop`` is torch's: smoothing 0.9, eps 1e-8 outside the root, second moment from 0, no momentum.
``rmsprop-tf`` is the EfficientNet paper's as timm implements it (Tan and Le 2019): smoothing 0.9, momentum 0.9,
eps 1e-3 inside the root, second moment from 1. Does not know about data.
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
    """Build an optimizer over the trainable parameters; weight decay leaves out norms and biases.

    Args:
        name: one of ekspresi's names, or one of timm's.
        network: the network.
        learning_rate: peak learning rate.
        weight_decay: strength of the weight decay.

    Raises:
        ConfigError: the name is neither one of ekspresi's nor one of timm's.

        >>> build_optimizer("sgd", nn.Linear(2, 2), 0.1, 0.0).defaults["nesterov"]
        True
    """
    timm_name, arguments = _OWN.get(name, (name, {}))
    if timm_name not in list_optimizers():
        raise ConfigError(
            f"optimizer = '{name}': is not a known optimizer. Use one of {', '.join(_OWN)}, "
            "or any name that timm.optim lists."
        )
    return create_optimizer_v2(
        network,
        opt=timm_name,
        lr=learning_rate,
        weight_decay=weight_decay,
        filter_bias_and_bn=True,
        **arguments,
    )


def warmup_cosine(step: int, warmup_steps: int, total_steps: int) -> float:
    """Compute the factor of the peak learning rate at a step: a linear rise, then a cosine to zero.

    >>> [round(warmup_cosine(step, 1, 5), 2) for step in range(6)]
    [0.5, 1.0, 0.85, 0.5, 0.15, 0.0]
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
