"""Write rows to tables that survive a crash and can be resumed.

    schema.py        a row -> its columns, and as lines of CSV or JSON Lines
    formats.py       the file formats of tables
    append_only.py   a file that only grows, by whole lines
    checkpoint.py    the position of a run, kept beside its table
    resumable.py     tables that grow with a run and resume after a stop or a kill
    per_second.py    rows of every frame -> one row per track and second
    parquet.py       rows as JSON Lines -> a Parquet file
    xlsx.py          rows as JSON Lines -> an Excel workbook
    source_list.py   the outcome of each source -> a list beside the table
    streamed.py      rows -> CSV in an open stream, such as standard output
    overwrite.py     the rule for what a command may replace

Does not know about detectors, models or tracking.
"""
