"""Summarize the expressions in videos and pictures on one HTML page.

    summary.py       the summary of each source, as values
    time_bins.py     predictions of one face -> sums over bins of time, in bounded memory
    face_samples.py  faces of pictures -> a bounded sample of each answer
    builder.py       frames with their rows, in order -> the summary of each source
    timeline_plot.py the probabilities of a track -> areas, runs and ticks of a timeline
    face_gallery.py  sampled faces -> what the page writes of them
    html_report.py   summaries -> one self-contained HTML file

Needs the extra [video]; does not know about detectors.
"""
