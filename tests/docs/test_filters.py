"""The filters of the docs' templates."""

import pytest

import filters
from build import environment


def view_of(**columns):
    """A view of three sizes; a column is a list of figures."""
    rows = []
    for k, size in enumerate((48, 16, 8)):
        scores = {"n": 3226, "accuracy": {"value": columns.get("accuracy", [0.5] * 3)[k]}}
        scores["macro_f1"] = {"value": columns.get("f1", [0.4] * 3)[k]}
        scores["classes"] = [{"recall": 0.1 * k}, {"recall": 0.2 * k}]
        precision = columns.get("precision", [None] * 3)[k]
        selective = {"precision": precision, "coverage": 0.5} if columns.get("selective", True) else None
        rows.append({"size_px": size, "scores": scores, "selective": selective})
    return {"name": columns.get("name", "all"), "labels": ["anger", "fear"], "by_size": rows}


def report_of(*views, headline=None):
    return {"headline": headline or views[0]["name"], "evaluation": {"views": list(views)}}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1234.5 | number(',.2f')", "1,234.50"),
        ("0.05 | number('g')", "0.05"),
        ("0.9949 | percent", "99.5"),
        ("94 | share(96)", "98"),
        ("0 | share(0)", "-"),
        ("{'value': 0.792, 'low': 0.779, 'high': 0.806} | interval", "79.2 [77.9, 80.6]"),
        ("{'value': 0.792, 'low': none, 'high': none} | interval", "79.2"),
        ("[6.12, 4.8, -7.44] | won", "+6.1 [+4.8, -7.4]"),
        ("true | yes_no", "yes"),
        ("false | yes_no", "**no**"),
        ("3.5 | bold", "**3.5**"),
        ("'abc' | code", "`abc`"),
        ("'2026-11-25T12:00' | start(10)", "2026-11-25"),
        ("48 | px", "48 px"),
        ("['a'] | listed", "a"),
        ("['a', 'b'] | listed", "a and b"),
        ("['a', 'b', 'c'] | listed", "a, b and c"),
        ("[48, 32, 24] | in_px", "48, 32 and 24 px"),
        ("['a', 'b', 'a'] | once", "a, b"),
        ("'\na\n  b\n\nc d\n' | paragraphs", "a b\n\nc d"),
        ("'[1, 2]' | from_json | last", "2"),
    ],
)
def test_filter_writes_text(expression, expected):
    assert environment().from_string("{{ " + expression + " }}").render() == expected


def test_table_gets_its_rule():
    assert filters.table("\n| a | b |\n| 1 | 2 |\n") == "| a | b |\n|---|---|\n| 1 | 2 |\n"
    assert filters.table("| a |") == "| a |\n|---|\n"


def test_view_is_found_by_name_or_as_headline():
    one, two = view_of(name="one"), view_of(name="two")
    report = report_of(one, two, headline="two")
    assert filters.view(report) is two and filters.view(report, "one") is one
    with pytest.raises(StopIteration):
        filters.view(report, "three")


def test_figures_of_a_view():
    view = view_of(accuracy=[0.75, 0.5, 0.25], f1=[0.5, 0.25, 0.125])
    assert filters.sizes(view) == [48, 16, 8]
    assert filters.faces(view) == 3226
    assert filters.accuracies(view) == {48: 75, 16: 50, 8: 25}
    assert filters.f1(view) == {48: 50, 16: 25, 8: 12.5}
    assert filters.recall(view, "fear", 16) == 0.2


def test_headline_alone_counts_answers_if_it_can():
    silent, counted = view_of(name="masked", selective=False), view_of(name="unmasked")
    assert filters.selective_views(report_of(counted, view_of())) == [counted]
    assert filters.selective_views(report_of(silent, counted)) == [counted]
    assert filters.selective_views(report_of(silent)) == []


def test_headline_is_counted_under_each_prior():
    views = [view_of(name=name) for name in ("unmasked", "unmasked, even prior", "unmasked, sequences")]
    assert filters.selective_views(report_of(*views)) == views[:2]


def test_promise_is_judged_as_the_table_shows_it():
    view = view_of(precision=[0.91951, 0.91949, None])
    assert filters.promise_kept(view) == [48]
    assert filters.promise_kept(view, False) == [16]
    assert filters.precision_span(view) == "91.9 to 92.0 %"
    assert filters.precision_span(view_of()) == "0.0 to 0.0 %"


def test_silent_sizes_are_those_where_no_view_answers():
    views = [view_of(precision=[0.9, None, None]), view_of(precision=[0.8, 0.9, None])]
    assert filters.silent_sizes(views) == [8]
    assert filters.silent_sizes([view_of()]) == [48, 16, 8]


def test_epochs_are_the_first_each_fourth_and_the_last():
    rows = [{"epoch": str(k), "val_nll": "old"} for k in range(3)] + [{"epoch": "2", "val_nll": ""}]
    rows += [{"epoch": str(k), "val_nll": "new"} for k in range(2, 10)]
    assert [(row["epoch"], row["val_nll"]) for row in filters.shown_epochs(rows)] == [
        ("0", "old"),
        ("3", "new"),
        ("7", "new"),
        ("9", "new"),
    ]


def test_int8_trial_judged_later_replaces_the_timed_one():
    timed = [{"name": name, "loss": {}} for name in "ab"]
    judged = [{"name": "b", "loss": {"48": 1, "8": 2}}]
    found = {"tables": {"speed alone": timed, "ranges": judged}}
    assert filters.trials(found) == [timed[0], judged[0]]
    assert filters.trial_sizes(found) == ["48", "8"]


def test_best_arm_and_its_gap():
    arms = [{"arm": name, "image": view_of(accuracy=each)} for name, each in (("a", [0.9, 0.1, 0.1]), ("b", [0.5] * 3))]
    assert filters.best_arm(arms)["arm"] == "b"
    other = {"arm": "a", "image": view_of(accuracy=[0.95, 0, 0])}
    assert filters.gap_px(other, arms, 48) == pytest.approx(5)
    assert filters.gap_px({**other, "arm": "c"}, arms, 48) is None


def test_searches_are_grouped_in_their_order():
    lines = [{"detector": d, "min_face_px": m, "face_px": s} for d, m in (("y", 8.0), ("a", 24.0)) for s in (48, 8)]
    found = filters.by_search(lines)
    assert list(found) == [("y", 8.0), ("a", 24.0)]
    assert found["a", 24.0] == {48: lines[2], 8: lines[3]}


def test_missed_sizes_are_judged_in_whole_percent():
    lines = {24: {"found": 995, "faces": 1000}, 16: {"found": 994, "faces": 1000}, 8: {"found": 0, "faces": 0}}
    assert filters.missed(lines, [(24, 100), (16, 100), (8, 1)], "found", "faces") == [16, 8]
    assert filters.missed(lines, [(8, 0)], "found", "faces") == []


def test_difference_has_the_interval_of_pairs():
    # 100 pairs, 10 won and 6 lost: mean 0.04, variance 0.16 - 0.0016, half 1.96 * sqrt(0.1584 / 100) = 0.0780
    assert filters.difference({"found": 100, "only_given": 6, "only_detected": 10}) == "+4.0 [-3.8, +11.8]"
    assert filters.difference({"found": 100, "only_given": 0, "only_detected": 0}) == "+0.0 [+0.0, +0.0]"


def test_rows_by_step_leave_gaps():
    lines = [{"name": "zoom", "step_s": 0.04}, {"name": "dark", "step_s": 1.0}, {"name": "dark", "step_s": 0.04}]
    found = filters.rows_by_step(lines, [0.04, 1.0])
    assert list(found) == ["dark", "zoom"]
    assert found == {"dark": [lines[2], lines[1]], "zoom": [lines[0], None]}
