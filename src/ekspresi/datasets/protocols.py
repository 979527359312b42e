"""The words for how data are split and fed, each with what it means.

In: nothing. Out: names. They stand apart from ``splits`` so that a command line can list them without loading
anything. Knows no data.
"""

OVERSAMPLING = ("none", "balanced", "sqrt")
"""As it is; each class as often as the largest; each to the geometric mean of that and its own count."""

PROTOCOLS = {
    "subject-10fold": "sorted subjects, every tenth makes a fold; fold k tests, the next validates",
    "subject-halves": "half h of those folds (0..4, 5..9) tests; of the other five, three train and two validate",
    "subject-holdout": "80 / 10 / 10 % of the subjects, drawn with the seed",
    "official": "the data set's own sides; FER2013 and FER+ without what leaks between them",
    "paper-split": "80 / 10 / 10 % of the images, drawn with the seed: LEAKY where subjects or clips repeat",
}
"""Protocol -> what it does, in a line."""
