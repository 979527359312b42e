"""Files that the package ships."""

from ekspresi.system.assets import ASSETS


def test_assets_holds_the_networks_of_mtcnn() -> None:
    assert {f"mtcnn-{name}.onnx" for name in ("pnet", "rnet", "onet")} <= {path.name for path in ASSETS.iterdir()}
