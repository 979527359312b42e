import io

from ekspresi.tables.schema import csv_header, csv_lines
from ekspresi.tables.streamed import StreamedTable
from ekspresi.types import Face, Row

ROW = Row("a.jpg", 0, None, None, Face((1.0, 2.0, 30.0, 40.0), 0.9))


def test_write_gives_the_header_once_and_each_row_at_once() -> None:
    stream = io.BufferedWriter(raw := io.BytesIO())  # type: ignore[arg-type]
    table = StreamedTable(stream, ("fear",))
    assert raw.getvalue() == b""
    table.write([])
    assert raw.getvalue() == csv_header(("fear",))
    table.write([ROW])
    table.write([ROW, ROW])
    assert raw.getvalue() == csv_header(("fear",)) + 3 * csv_lines([ROW], ("fear",))
