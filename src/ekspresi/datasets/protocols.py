"""Name the protocols that split data and the rules that oversample it.

In: nothing. Out: names with one-line descriptions. They are apart from ``splits`` so that a command line can list them
without loading NumPy. Does not know about data.
"""

OVERSAMPLING = ("none", "balanced", "sqrt")
"""Keep the counts; repeat each class up to the largest count; or up to the geometric mean of that and its own count."""

PROTOCOLS = {
    "subject-10fold": "every tenth of the sorted subjects makes a fold; fold k tests, the next fold validates",
    "subject-halves": "half h of those folds (0..4, 5..9) tests; of the other five, three train and two validate",
    "subject-holdout": "80 / 10 / 10 % of the subjects, drawn with the seed",
    "official": "the data set's own splits; FER2013 and FER+ without the faces that leak between them",
    "paper-split": "80 / 10 / 10 % of the images, drawn with the seed: LEAKY where subjects or clips repeat",
}
"""Protocol -> its description in one line."""
