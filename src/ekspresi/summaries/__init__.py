"""What was seen in videos and pictures -> one page that tells it.

    story.py         the story of each source, as values
    steps.py         beliefs in one face -> sums over steps of time, in bounded memory
    telling.py       frames with their rows, one after another -> the story of each source
    timeline.py      the story of a track -> what can be drawn over time, and read as a table
    page.py          stories -> one self-contained HTML file

Needs the extra [video]; knows nothing of how faces were found.
"""

from ekspresi.summaries.page import Made, made_by, write_page
from ekspresi.summaries.story import Stories
from ekspresi.summaries.telling import Storyteller

__all__ = ["Made", "Stories", "Storyteller", "made_by", "write_page"]
