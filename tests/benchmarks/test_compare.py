"""``benchmarks/peers/compare.py``: the bundled model's figures beside those of other tools."""

import pytest

import compare


def test_gaps_name_size_and_points():
    ours, theirs = (90.0, 80.0, 70.0, 60.0, 50.0, 40.0), (91.5, 80.0, 60.0, 60.1, 40.0, 30.0)
    assert compare.gaps(ours, theirs) == {
        "level": [32],
        "behind": [{"size_px": 48, "points": 1.5}, {"size_px": 16, "points": 0.1}],
        "ahead": [{"size_px": size, "points": 10.0} for size in (24, 12, 8)],
    }


def test_defeat_is_to_be_worse_under_every_prior():
    trained, even = (50.0, 50, 50, 50, 50, 50), (60.0, 40, 60, 40, 60, 40)
    other = (55.0, 55, 61, 50, 60, 70)
    contest = compare.Contest(
        "CK+48", {"trained prior": trained, "even prior": even}, {"tool": other, "bad": (0.0,) * 6}
    )
    assert list(compare.defeats([contest])) == [{"contest": "CK+48", "tool": "tool", "sizes_px": [32, 24, 8]}]


def test_without_class_drops_its_faces_and_counts_its_answers():
    confusion = [[6, 1, 3], [0, 5, 5], [1, 1, 8]]
    rows = [{"size_px": size, "scores": {"confusion": confusion}} for size in reversed(compare.SIZES_PX)]
    accuracies, faces = compare.without({"labels": ["anger", "fear", "contempt"], "by_size": rows}, "contempt")
    assert faces == 20 and accuracies == (55.0,) * 6


def test_accuracies_are_rounded_and_ordered():
    assert compare.in_order({8: 1.04, 12: 2.06, 16: 3, 24: 4, 32: 5, 48: 6}) == (6, 5, 4, 3, 2.1, 1.0)


def test_widest_interval_is_of_images():
    def view(level, low, high):
        return {"level": level, "by_size": [{"scores": {"accuracy": {"value": 0.5, "low": low, "high": high}}}]}

    views = [view("image", 0.46, 0.53), view("image", 0.48, 0.55), view("sequence", 0.1, 0.9)]
    assert compare.widest_interval({"evaluation": {"views": views}}) == pytest.approx(5)


def test_other_number_of_faces_is_refused():
    rows = [{"size_px": size, "scores": {"confusion": [[1, 0], [0, 1]]}} for size in compare.SIZES_PX]
    views = [{"name": "test, majority", "labels": ["anger", "contempt"], "by_size": rows}]
    report = {"headline": "test, arg-max", "evaluation": {"views": views}}
    with pytest.raises(ValueError, match="1 faces, but the other tools were measured on 2849"):
        compare.contests(report, report)


def test_other_tools_have_a_figure_for_every_size():
    for theirs in (compare.ON_FERPLUS, *compare.ON_CKPLUS.values()):
        assert {len(figures) for figures in theirs.values()} == {len(compare.SIZES_PX)}
