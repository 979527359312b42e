"""Run one function of ``ekspresi.portable`` by itself."""

from onnx import inliner, parser

from ekspresi.portable.functions import FUNCTIONS, HEAD
from ekspresi.system.onnx_runtime import create_session


def session_of(inputs, outputs, call):
    """Make a graph of one call of a function, such as 'area (n_in, n_out)'."""
    names = ", ".join(output.split()[-1] for output in outputs.split(", "))
    text = f"{HEAD} g ({inputs}) => ({outputs}) {{ {names} = ekspresi.{call} }} {FUNCTIONS}"
    return create_session(inliner.inline_local_functions(parser.parse_model(text)).SerializeToString(), device="cpu")
