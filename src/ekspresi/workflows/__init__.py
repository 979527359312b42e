"""What was named -> all that was asked for: the run behind ``ekspresi predict``.

In: pictures, folders, videos or a camera, and what is wanted of them. Out: a table, annotated pictures and films, a
page, and what a screen can tell. Knows nothing of screens.

    wanted.py        what is wanted, and what became of it
    reading.py       sources -> frames, from where an earlier run stopped; which could not be read
    picturing.py     what was seen -> annotated pictures and films
    run.py           the run: frames -> what was seen -> tables, pictures, stories, in order, until the end or a stop
"""

from ekspresi.predicting.run import run
from ekspresi.predicting.wanted import Outcome, Wanted, Watcher

__all__ = ["Outcome", "Wanted", "Watcher", "run"]
