"""Write numbers as people read them.

In: numbers. Out: text. Knows nothing of pictures and pages.
"""


def percent(probability: float) -> str:
    """A probability 0..1 as people read it; never '0%' or '100%', which no model can know: 0 and 1 were rounded to."""
    text = f"{probability:.0%}"
    return {"0%": "<1%", "100%": ">99%"}.get(text, text)


def clock(time_s: float, tenths: bool = False) -> str:
    """Seconds -> '0:05', '1:02:05'; with ``tenths`` '0:05.3'."""
    shown = round(time_s, 1) if tenths else round(time_s)
    minutes, seconds = divmod(shown, 60)
    hours, minutes = divmod(int(minutes), 60)
    last = f"{seconds:04.1f}" if tenths else f"{int(seconds):02d}"
    return f"{hours}:{minutes:02d}:{last}" if hours else f"{minutes}:{last}"
