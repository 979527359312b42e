"""Networks: strides, weights of other files, frozen layers and teachers."""

from pathlib import Path

import pytest

from ekspresi.errors import ConfigError, ModelError

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

from safetensors.torch import save_file

from ekspresi.expressions import FERPLUS_LABELS as LABELS
from ekspresi.imaging.cropping import CropConvention
from ekspresi.recognition.metadata import METADATA_KEY, ModelMetadata
from ekspresi.recognition.preprocessing import Preprocessing
from ekspresi.training.network import Architecture, build_network, freeze_backbone, list_parents, load_teacher


@pytest.mark.parametrize(("stem", "output", "side"), [(2, 32, 2), (2, 16, 4), (2, 8, 8), (1, 16, 4), (1, 4, 16)])
def test_strides_give_the_stated_feature_map(stem: int, output: int, side: int) -> None:
    network = build_network(Architecture("efficientnet_b0", stem, output), LABELS)
    assert network.backbone.forward_features(torch.zeros(1, 1, 64, 64)).shape == (1, 1280, side, side)
    logits, octaves = network(torch.zeros(2, 1, 64, 64))
    assert logits.shape == (2, 8) and octaves.shape == (2,)


def test_refuses_strides_and_names_it_does_not_have() -> None:
    with pytest.raises(ConfigError, match="reaches 16 at most"):
        build_network(Architecture("efficientnet_b0", 1, 32), LABELS)
    with pytest.raises(ConfigError, match=r"timm does not know this network\. Use"):
        build_network(Architecture("efficientnet_b99"), LABELS)


def test_reads_weights_of_three_channels_and_another_classifier(tmp_path: Path) -> None:
    import timm

    rgb = timm.create_model("efficientnet_b0", num_classes=1000).eval()
    file = tmp_path / "imagenet.safetensors"
    save_file(rgb.state_dict(), file)
    gray = build_network(Architecture(output_stride=32), LABELS, init=str(file)).eval()
    image = torch.rand(2, 1, 64, 64)
    with torch.inference_mode():
        theirs = rgb.forward_features(image.expand(-1, 3, -1, -1))
        torch.testing.assert_close(gray.backbone.forward_features(image), theirs, atol=1e-4, rtol=1e-3)
    assert gray.backbone.get_classifier().weight.shape == (8, 1280)


def test_carries_the_classifier_over_by_label(tmp_path: Path) -> None:
    parent = build_network(Architecture(), ("fear", "anger", "joy"))
    metadata = ModelMetadata(
        "p",
        ("fear", "anger", "joy"),
        Preprocessing(),
        CropConvention(),
        provenance={
            "data": {"reader": "a", "fingerprint": "1"},
            "split": {"protocol": "official", "fold": 0, "seed": 0, "train": 9},
            "parents": [{"reader": "b", "fingerprint": "2"}],
        },
    )
    file = tmp_path / "parent.safetensors"
    state = {name: value.contiguous() for name, value in parent.plain_state().items()}
    save_file(state, file, {METADATA_KEY: metadata.to_json()})
    child = build_network(Architecture(), ("anger", "calm", "fear"), init=str(file))
    ours, theirs = child.backbone.get_classifier().weight, parent.backbone.get_classifier().weight
    torch.testing.assert_close(child.resolution.weight, parent.resolution.weight)
    torch.testing.assert_close(ours[[0, 2]], theirs[[1, 0]])
    assert not any(torch.equal(ours[1], row) for row in theirs)
    assert list_parents(str(file)) == [
        {"reader": "a", "fingerprint": "1", "split": {"protocol": "official", "fold": 0, "seed": 0}},
        {"reader": "b", "fingerprint": "2"},
    ]
    assert list_parents("random") == []


def test_refuses_other_files_without_unpickling_them(tmp_path: Path) -> None:
    pickled = tmp_path / "weights.pth"
    torch.save({"a": torch.zeros(1)}, pickled)
    with pytest.raises(ModelError, match="is not a safetensors file"):
        build_network(Architecture(), LABELS, init=str(pickled))
    other = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, other)
    with pytest.raises(ModelError, match="another network"):
        build_network(Architecture(), LABELS, init=str(other))
    with pytest.raises(ModelError, match="the weight file does not exist"):
        build_network(Architecture(), LABELS, init=str(tmp_path / "none.safetensors"))


def test_a_frozen_backbone_trains_the_classifier_alone() -> None:
    network = build_network(Architecture(), LABELS)
    freeze_backbone(network)
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    heads = ("backbone.classifier", "resolution")
    assert trained == {f"{head}.{kind}" for head in heads for kind in ("weight", "bias")}


def test_the_weights_go_by_timms_names() -> None:
    import timm

    network = build_network(Architecture(output_stride=32), LABELS)
    state = {name: value for name, value in network.plain_state().items() if not name.startswith("resolution.")}
    timm.create_model("efficientnet_b0", in_chans=1, num_classes=8).load_state_dict(state)


def test_load_teacher_answers_in_the_order_of_the_labels() -> None:
    labels = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    tensor = torch.rand(3, 1, 64, 64)
    given, preprocessing = load_teacher("bundled", labels)
    turned, _ = load_teacher("bundled", labels[::-1])
    torch.testing.assert_close(given(tensor)[0], turned(tensor)[0].flip(1))
    assert preprocessing.input_px == 64
    assert not given.training and not any(weight.requires_grad for weight in given.parameters())
    with pytest.raises(ModelError, match=r"cannot teach happy"):
        load_teacher("bundled", ("happy",))
    with pytest.raises(ModelError, match="the weight file does not exist"):
        load_teacher("nowhere.safetensors", labels)
