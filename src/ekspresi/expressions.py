"""Define the vocabulary of expressions: names, label sets of the data sets, and synonyms.

In: a word for an expression. Out: its name in ekspresi. Does not know about images or models: a model's label order
is read from its file, never from here.
"""

from ekspresi.errors import DatasetError

INDONESIAN = {
    "anger": "marah",
    "contempt": "menghina",
    "disgust": "jijik",
    "fear": "takut",
    "happiness": "bahagia",
    "neutral": "netral",
    "sadness": "sedih",
    "surprise": "terkejut",
}
"""English name -> Indonesian name, in alphabetical order of the English."""

EXPRESSIONS = tuple(INDONESIAN)
"""The eight expressions of FER+: Ekman's six, neutral, and contempt."""

FERPLUS_LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
"""Order of the vote columns in fer2013new.csv; 'unknown' and 'NF' (not a face) follow them."""

FER2013_LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""Order of the integer codes 0..6 in fer2013.csv, and in label.lst of ExpW."""

CKEXTENDED_LABELS = (*FER2013_LABELS, "contempt")
"""Order of the integer codes 0..7 in ckextended.csv: those of FER2013, then contempt."""

CKPLUS_LABELS = ("anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise")
"""The seven expressions of CK+, which has no neutral label; alphabetical, as its code order is."""

RAFDB_LABELS = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
"""Order of the codes 1..7 of RAF-DB."""

AFFECTNET_LABELS = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
"""Order of the codes 0..7 of AffectNet."""

SEVEN_LABELS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""The seven expressions of data sets without codes of their own, JAFFE, KDEF, SFEW and CAER-S; alphabetical."""

LETTERS = {
    "AF": "fear",
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}
"""Two letters in the file names of JAFFE and KDEF -> expression; fear is FE in JAFFE and AF in KDEF."""

SHARED_LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
"""The six classes that FER+ and CK+48 share once contempt is left out."""

_SYNONYMS = {
    "angry": "anger",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
    "contemptuous": "contempt",
    **{indonesian: english for english, indonesian in INDONESIAN.items()},
}


def expression_from(word: str) -> str:
    """Return the name in ``EXPRESSIONS`` of a common word for an expression.

    Case and surrounding blanks do not matter. Adjectives ('happy', 'sad') and Indonesian names work too.

    Raises:
        DatasetError: the word is not a known expression.

    Example:
        >>> expression_from(" Happy "), expression_from("sedih")
        ('happiness', 'sadness')
    """
    name = word.strip().lower()
    name = _SYNONYMS.get(name, name)
    if name not in INDONESIAN:
        raise DatasetError(f"'{word}': is not a known expression. Use {', '.join(EXPRESSIONS)}.")
    return name
