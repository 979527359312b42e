"""Answer pictures and crops over HTTP (extra [serve]).

``settings`` says what a service may do, ``app`` makes it, ``server`` runs it. ``routes`` has one file for each group of
addresses. Pictures are held in memory while they are answered; they are never stored or logged.
"""
