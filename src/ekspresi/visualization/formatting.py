"""Write numbers and names as people read them.

In: numbers, text. Out: text. Knows nothing of pictures and pages.
"""


def format_percent(probability: float) -> str:
    """A probability 0..1 as people read it; never '0%' or '100%', which no model can know: 0 and 1 were rounded to."""
    text = f"{probability:.0%}"
    return {"0%": "<1%", "100%": ">99%"}.get(text, text)


def format_clock(time_s: float, tenths: bool = False) -> str:
    """Seconds -> '0:05', '1:02:05'; with ``tenths`` '0:05.3'."""
    shown = round(time_s, 1) if tenths else round(time_s)
    minutes, seconds = divmod(shown, 60)
    hours, minutes = divmod(int(minutes), 60)
    last = f"{seconds:04.1f}" if tenths else f"{int(seconds):02d}"
    return f"{hours}:{minutes:02d}:{last}" if hours else f"{minutes}:{last}"


def printable(text: str) -> str:
    r"""Make one line of a text; control characters, which file names may contain, become '?'.

    Example:
        >>> printable("a\x1b[31m\nb.jpg")
        'a?[31m b.jpg'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
