"""Results -> files, so that what was found before a crash is on the disk and nothing stands there half.

    columns.py       a row -> its columns, and as lines of CSV or JSON Lines
    files.py         files that are written whole or not at all; folders; the system's errors in one line
    growing.py       a file that grows by whole lines while a run goes on
    parquet.py       rows as JSON Lines -> a Parquet file
    locking.py       one run a table
    keeping.py       what may be replaced, and what needs --overwrite
    journal.py       how far a run has come, remembered beside what it makes
    tables.py        tables that grow with a run, and go on where a killed one stopped
    seconds.py       rows of every frame -> one a track and second
    pictures.py      annotated pictures: what they are called, how they are saved

Knows nothing of how faces were found.
"""

from ekspresi.outputs.columns import COLUMNS, Value, row_values
from ekspresi.outputs.files import check_writable, make_folder, replacing, told
from ekspresi.outputs.journal import Place, Setting, beginnings
from ekspresi.outputs.keeping import MAKER, check_replaceable
from ekspresi.outputs.locking import locked
from ekspresi.outputs.pictures import Names, annotated_paths, picture_file, save_picture
from ekspresi.outputs.seconds import BySecond
from ekspresi.outputs.tables import RunTable, journaled_folder, journaled_table

__all__ = [
    "COLUMNS",
    "MAKER",
    "BySecond",
    "Names",
    "Place",
    "RunTable",
    "Setting",
    "Value",
    "annotated_paths",
    "beginnings",
    "check_replaceable",
    "check_writable",
    "journaled_folder",
    "journaled_table",
    "locked",
    "make_folder",
    "picture_file",
    "replacing",
    "row_values",
    "save_picture",
    "told",
]
