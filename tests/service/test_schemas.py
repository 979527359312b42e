"""The documented answers are those of the tables."""

from ekspresi.expressions import FERPLUS_LABELS
from ekspresi.service.schemas import ROW, FaceRow
from ekspresi.tables.schema import COLUMNS, column_names


def test_fields_of_a_row_are_the_columns_of_tables() -> None:
    assert tuple(FaceRow.model_fields) == (*COLUMNS, "score", "landmarks")


def test_example_of_a_row_has_every_column() -> None:
    assert tuple(ROW) == (*column_names(FERPLUS_LABELS), "score", "landmarks")
