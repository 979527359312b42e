"""Optimizers by name, and the learning rate over a training."""

import pytest

from ekspresi.errors import ConfigError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from ekspresi.training.optimizers import build_optimizer, warmup_cosine


def test_build_optimizer_matches_each_name() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))

    def make(name: str) -> torch.optim.Optimizer:
        return build_optimizer(name, network, 0.1, 0.01)

    rmsprop = make("rmsprop")
    assert type(rmsprop) is torch.optim.RMSprop
    assert (rmsprop.defaults["alpha"], rmsprop.defaults["momentum"], rmsprop.defaults["eps"]) == (
        0.9,
        0.0,
        1e-8,
    )
    tf = make("rmsprop-tf")
    assert type(tf).__name__ == "RMSpropTF"
    assert (tf.defaults["alpha"], tf.defaults["momentum"], tf.defaults["eps"]) == (0.9, 0.9, 1e-3)
    sgd = make("sgd")
    assert sgd.defaults["nesterov"] and sgd.defaults["momentum"] == 0.9
    assert type(make("adam")) is torch.optim.Adam
    assert type(make("adamw")) is torch.optim.AdamW
    assert type(make("nadamw")).__name__ == "NAdamW"
    with pytest.raises(ConfigError, match="any name that timm"):
        make("rmsprob")
    decayed = [g for g in rmsprop.param_groups if g["weight_decay"] > 0]
    assert [p.shape for g in decayed for p in g["params"]] == [(4, 3)]


def test_warmup_cosine_rises_then_falls_to_zero() -> None:
    factors = [warmup_cosine(step, 10, 110) for step in range(111)]
    assert factors[0] < factors[5] < factors[9] < factors[10] == 1.0
    assert factors[60] == pytest.approx(0.5)
    assert factors[110] == pytest.approx(0.0)
