import sys

import pytest

from ekspresi.errors import MissingExtraError
from ekspresi.system.arrow import pyarrow


def test_pyarrow_comes_with_its_parquet_module():
    assert pyarrow().parquet.ParquetFile


def test_pyarrow_that_is_missing_names_work_and_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"^reading faces needs the extra \[parquet\]"):
        pyarrow("reading faces")
