"""Write numbers as people read them.

In: numbers. Out: text. Does not know about images or pages.
"""


def format_percent(probability: float) -> str:
    """Write a probability as a whole percentage, but never as '0%' or '100%'.

    Example:
        >>> format_percent(0.126), format_percent(0.9999)
        ('13%', '>99%')

    Args:
        probability: 0..1.
    """
    text = f"{probability:.0%}"
    return {"0%": "<1%", "100%": ">99%"}.get(text, text)


def format_part(part: float, whole: float) -> str:
    """Write a part of a whole as a percentage: '0%' and '100%' only for exactly none and all.

    Example:
        >>> format_part(0, 3), format_part(0.001, 3), format_part(3, 3)
        ('0%', '<1%', '100%')

    Args:
        part: at least 0.
        whole: in the same unit; 0 has no parts.
    """
    if part <= 0 or whole <= 0:
        return "0%"
    return "100%" if part >= whole * (1 - 1e-9) else format_percent(part / whole)


def format_clock(time_s: float, tenths: bool = False) -> str:
    """Write seconds as a clock shows them.

    Example:
        >>> format_clock(3725), format_clock(5.3, tenths=True)
        ('1:02:05', '0:05.3')

    Args:
        time_s: seconds, at least 0.
        tenths: show tenths of a second.
    """
    rounded_s = round(time_s, 1) if tenths else round(time_s)
    minutes, seconds = divmod(rounded_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    last = f"{seconds:04.1f}" if tenths else f"{int(seconds):02d}"
    return f"{hours}:{minutes:02d}:{last}" if hours else f"{minutes}:{last}"
