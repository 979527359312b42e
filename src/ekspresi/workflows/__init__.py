"""Run the use cases of ekspresi, from inputs to files; a command line, a service or a cluster calls them.

    predict.py            pictures, videos, a camera -> tables, annotated files, an HTML report
    explain.py            a picture -> a picture that explains the predictions of its faces
    evaluate.py           a model and labelled faces -> figures and a report
    finetune.py           labelled faces -> a model, its weights and its report

    options.py            options, events and result of a prediction run
    source_reader.py      sources -> frames, from the positions where an earlier run stopped
    annotation_writer.py  results -> annotated pictures and videos
    page_writer.py        summary of a run -> HTML report
    source_list_writer.py outcome of each source of a run -> list beside its table
    output_paths.py       sources -> paths of outputs

Each takes a frozen dataclass of options and a listener. Does not know about screens.
"""
