"""Summarize what was seen in videos and pictures, on one HTML page.

    summary.py       the summary of each source, as values
    time_bins.py     predictions of one face -> sums over bins of time, in bounded memory
    builder.py       frames with their rows, one after another -> the summary of each source
    timeline_plot.py the summary of a track -> what can be drawn over time, and read as a table
    html_report.py   summaries -> one self-contained HTML file

Needs the extra [video]; knows nothing of how faces were found.
"""
