"""Write rows to tables that survive a crash and can be resumed.

    schema.py        a row -> its columns, and as lines of CSV or JSON Lines
    formats.py       the file formats of tables
    append_only.py   a file that grows by whole lines during a run
    checkpoint.py    how far a run has come, kept beside its table
    resumable.py     tables that grow with a run and resume where a killed one stopped
    per_second.py    rows of every frame -> one row for each track and second
    parquet.py       rows as JSON Lines -> a Parquet file

Knows nothing of how faces were found.
"""
