"""The loss, the validation figures and the schedule, counted by hand; teachers, blendshapes and frozen backbones."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from ekspresi.training.config import TrainConfig, load_config
from ekspresi.training.export import export
from ekspresi.training.module import BLENDSHAPE_WEIGHT, RESOLUTION_WEIGHT, ExpressionModule
from ekspresi.training.run import train
from ekspresi.training.run_folder import TrainingRun


def weights(run: TrainingRun) -> dict[str, "torch.Tensor"]:
    state: dict[str, torch.Tensor] = torch.load(run.last, weights_only=True)["state_dict"]
    return state


def test_module_learns_from_teachers_but_drops_them(
    finished: TrainingRun, small: dict[str, object], tmp_path: Path
) -> None:
    teacher = export(finished.folder, tmp_path / "teacher.onnx").weights
    keys = {**small, "epochs": 1, "ema_decay": 0.0}
    alone = train(load_config(None, keys), tmp_path / "alone")
    taught = train(load_config(None, {**keys, "teacher": (str(teacher), str(teacher))}), tmp_path / "taught")
    assert weights(alone).keys() == weights(taught).keys()
    assert any((weights(alone)[name] != weights(taught)[name]).any() for name in weights(alone))
    seen, read = (
        {parent["fingerprint"] for parent in json.loads(run.record.read_text())["parents"]} for run in (alone, taught)
    )
    assert read - seen == {json.loads(finished.record.read_text())["data"]["fingerprint"]}


def test_module_with_frozen_backbone_keeps_its_weights(small: dict[str, object], tmp_path: Path) -> None:
    run = train(
        load_config(None, {**small, "init": "random", "freeze": "backbone", "epochs": 1, "ema_decay": 0.0}),
        tmp_path / "frozen",
    )
    torch.manual_seed(0)
    state = weights(run)
    assert (state["network.backbone.bn1.running_mean"] == 0).all()
    assert (state["network.backbone.bn1.weight"] == 1).all()
    assert (state["network.backbone.classifier.bias"] != 0).any()


@pytest.fixture
def module() -> ExpressionModule:
    """An untrained module of three labels and two validation sizes, two batches each."""
    config = TrainConfig(
        data="folder:x", input_px=32, epochs=3, warmup_epochs=1.0, label_smoothing=0.3, validation_px=(48, 16)
    )
    return ExpressionModule(config, ("anger", "fear", "joy"), steps_an_epoch=10, batches_a_size=2)


def test_training_step_adds_both_losses(module: ExpressionModule, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, float] = {}
    monkeypatch.setattr(module, "log", lambda name, value, **_: logged.update({name: float(value)}))
    logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    monkeypatch.setattr(module.network, "pool", lambda tensor: tensor)
    monkeypatch.setattr(module.network, "read", lambda _: (logits, torch.tensor([3.0, 5.0])))
    targets, weights = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]), torch.tensor([3.0, 1.0])
    loss = module.training_step((torch.zeros(2, 1, 32, 32), targets, weights, torch.tensor([3.5, 3.0]), weights[:0]), 0)
    smoothed = targets.numpy() * 0.7 + 0.1
    shares = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(axis=1, keepdims=True)
    crossed = -(smoothed * np.log(shares)).sum(axis=1)
    assert logged["train_loss"] == pytest.approx((3 * crossed[0] + crossed[1]) / 4, rel=1e-5)
    assert logged["train_size_loss"] == pytest.approx((0.5 * 0.5**2 + 1.5) / 2, rel=1e-5)  # smooth L1 at 0.5 and at 2
    assert float(loss) == pytest.approx(logged["train_loss"] + RESOLUTION_WEIGHT * logged["train_size_loss"], rel=1e-5)


def test_validation_counts_each_size_by_itself(module: ExpressionModule, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, float] = {}
    monkeypatch.setattr(module, "log", lambda name, value, **_: logged.update({name: float(value)}))
    module.trainer = SimpleNamespace(sanity_checking=False)
    sure = torch.tensor([[9.0, 0.0, 0.0]])
    monkeypatch.setattr(module.network, "forward", lambda tensor: (sure.expand(len(tensor), 3), None))
    right, wrong, tensor = torch.tensor([0, 0]), torch.tensor([1, 0]), torch.zeros(2, 1, 32, 32)
    for number, targets in enumerate((right, right, right, wrong)):
        module.validation_step((tensor, targets), number)
    module.on_validation_epoch_end()
    assert (logged["val_accuracy_48px"], logged["val_accuracy_16px"]) == (1.0, 0.75)
    miss = float(np.log1p(2 * np.exp(-9.0)))
    assert logged["val_nll_48px"] == pytest.approx(miss, rel=1e-3)
    assert logged["val_nll_16px"] == pytest.approx(miss + 9 / 4, rel=1e-3)
    assert logged["val_nll"] == pytest.approx((logged["val_nll_48px"] + logged["val_nll_16px"]) / 2)


def test_configure_optimizers_schedules_every_step(module: ExpressionModule) -> None:
    made = module.configure_optimizers()
    scheduler = made["lr_scheduler"]["scheduler"]
    assert made["lr_scheduler"]["interval"] == "step"
    rates = []
    for _ in range(31):
        rates.append(scheduler.get_last_lr()[0] / module.config.learning_rate)
        made["optimizer"].step()
        scheduler.step()
    assert rates[0] == pytest.approx(1 / 11) and rates[10] == pytest.approx(1.0)  # an epoch of ten steps to warm up
    assert rates[20] == pytest.approx(0.5) and rates[30] == pytest.approx(0.0, abs=1e-9)


def test_blendshape_head_learns_from_known_faces_only() -> None:
    config = TrainConfig(data="folder:x", input_px=32)
    module = ExpressionModule(config, ("anger", "fear"), 1, 1, blendshapes=3).eval()
    module.log = lambda *_, **__: None
    faces, ones = torch.rand(4, 1, 32, 32), torch.ones(4)
    unknown = torch.full((4, 3), torch.nan)
    some = unknown.clone()
    some[1] = 5.0
    targets = torch.eye(2)[[0, 1, 0, 1]]
    without = module.training_step((faces, targets, ones, ones, unknown), 0)
    partly = module.training_step((faces, targets, ones, ones, some), 0)
    read = module.blendshapes(module.network.pool(faces[1:2]))
    expected = torch.nn.functional.smooth_l1_loss(read, torch.full((1, 3), 5.0))
    torch.testing.assert_close(partly - without, BLENDSHAPE_WEIGHT * expected)
    optimizer = module.configure_optimizers()["optimizer"]
    trained = {id(weight) for group in optimizer.param_groups for weight in group["params"]}
    assert id(module.blendshapes.weight) in trained
    assert not any("blendshape" in name for name in module.network.state_dict())
