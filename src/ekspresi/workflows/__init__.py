"""Run what a user asks for, from its inputs to its files; the command line only parses, calls and shows.

    options.py            what is asked of a prediction run, and its result
    source_reader.py      sources -> frames, from where an earlier run stopped; which could not be read
    output_paths.py       annotated pictures: their names, and how they are saved
    annotation_writer.py  results -> annotated pictures and videos
    predict.py            frames -> results -> tables, pictures, summaries, in order, until the end or a stop

Knows nothing of screens.
"""
