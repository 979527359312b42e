"""Check that labels find free spots near their faces."""

import numpy as np

from ekspresi.types import Box
from ekspresi.visualization.label_layout import (
    Spot,
    connect_label,
    evaluate_spot,
    find_room,
    nearby,
    place_label,
)

PICTURE = (400, 300)
FULL, SMALL = (120, 50), (80, 18)


def box(spot: Spot | None) -> tuple[int, int, int, int]:
    assert spot is not None
    width, height = (FULL, SMALL)[spot.label]
    return (spot.x, spot.y, spot.x + width, spot.y + height)


def meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_place_label_single_face_has_full_label_above() -> None:
    face = (150.0, 120.0, 200.0, 180.0)
    assert place_label([FULL, SMALL], face, [face], [], PICTURE, 4) == Spot(0, 0, 150, 68, 0.0)


def test_place_label_at_edges_stays_inside_and_off_the_face() -> None:
    for x in (-10.0, 380.0):
        for y in (-10.0, 270.0):
            face = (x, y, x + 40, y + 40)
            spot = box(place_label([FULL, SMALL], face, [face], [], PICTURE, 4))
            assert spot[0] >= 0 and spot[1] >= 0 and spot[2] <= 400 and spot[3] <= 300
            assert not meet(spot, face)


def test_place_label_hides_neither_labels_nor_faces() -> None:
    faces = [(20.0 + 45 * i, 140.0, 50.0 + 45 * i, 175.0) for i in range(8)]
    taken: list[tuple[int, int, int, int]] = []
    for face in faces:
        found = place_label([FULL, SMALL], face, faces, taken, PICTURE, 4)
        if found:
            taken.append(box(found))
    assert len(taken) >= 6
    for i, spot in enumerate(taken):
        assert not any(meet(spot, face) for face in faces)
        assert not any(meet(spot, other) for other in taken[:i])


def test_place_label_without_room_returns_none() -> None:
    face = (0.0, 0.0, 400.0, 300.0)
    assert place_label([FULL, SMALL], face, [face], [(0, 0, 400, 300)], PICTURE, 4) is None


def test_place_label_covers_a_neighbor_only_without_room() -> None:
    """A line across one neighbor costs more than hiding a small part of another."""
    face = (150.0, 100.0, 200.0, 160.0)
    wall = [(0.0, 0.0, 149.0, 300.0), (201.0, 0.0, 400.0, 300.0), (150.0, 162.0, 200.0, 300.0)]
    crowd = [face, *wall, (150.0, 0.0, 200.0, 80.0)]
    spot = place_label([(48, 22)], face, crowd, [], PICTURE, 4)
    assert spot is not None and spot.covers
    assert place_label([(48, 22)], face, crowd, [], PICTURE, 4, strict=True) is None
    free = place_label([(48, 18)], face, crowd, [], PICTURE, 4)
    assert free is not None and not free.covers


def test_find_room_is_free_and_near() -> None:
    face = (150.0, 120.0, 200.0, 180.0)
    walls = [(60.0, 90.0, 145.0, 210.0), (205.0, 90.0, 300.0, 210.0), (100.0, 185.0, 250.0, 215.0)]
    found = find_room(SMALL, face, [face, *walls], PICTURE, 4)
    assert found is not None
    label = (*found, found[0] + SMALL[0], found[1] + SMALL[1])
    assert not any(meet(label, other) for other in (face, *walls))
    assert label[3] <= 120, "above, where the way is free"


def test_find_room_without_a_free_way_is_none() -> None:
    face = (150.0, 120.0, 200.0, 180.0)
    ring = [
        (0.0, 90.0, 400.0, 119.0),
        (0.0, 181.0, 400.0, 210.0),
        (0.0, 90.0, 149.0, 210.0),
        (201.0, 90.0, 400.0, 210.0),
    ]
    assert find_room(SMALL, face, [face, *ring], PICTURE, 4) is None
    assert find_room((500, 20), face, [face], PICTURE, 4) is None, "wider than the picture"


def test_connect_label_only_distant_label_has_a_line() -> None:
    face = (100.0, 100.0, 120.0, 120.0)
    assert connect_label(face, (100.0, 78.0, 180.0, 96.0), 4) is None
    assert connect_label(face, (100.0, 20.0, 180.0, 38.0), 4) == (110.0, 100.0, 110.0, 38.0)
    assert connect_label(face, (200.0, 100.0, 280.0, 120.0), 4) == (120.0, 110.0, 200.0, 110.0)


def test_evaluate_spot_same_number_moves_with_the_face() -> None:
    face, moved = (150.0, 120.0, 200.0, 180.0), (157.0, 123.0, 207.0, 183.0)
    for number in range(10):
        before, after = (evaluate_spot(0, number, SMALL, frame, [frame], [], PICTURE, 4) for frame in (face, moved))
        assert (after.x - before.x, after.y - before.y) == (7, 3)


def test_evaluate_spot_costs_what_it_hides() -> None:
    face = (150.0, 120.0, 200.0, 180.0)
    free = evaluate_spot(0, 0, FULL, face, [face], [], PICTURE, 4)
    other = (free.x + 10.0, free.y + 10.0, free.x + 30.0, free.y + 30.0)
    assert evaluate_spot(0, 0, FULL, face, [face, other], [], PICTURE, 4).cost == free.cost + 1
    assert place_label([FULL], face, [face, other], [], PICTURE, 4).number != free.number


def test_nearby_boxes_suffice_for_place_label() -> None:
    rng = np.random.default_rng(0)
    excluded = 0
    for _ in range(50):
        corners = rng.uniform(0, 900, (60, 2))
        boxes: list[Box] = [(x, y, x + 20, y + 24) for x, y in corners.tolist()]
        frames, taken = boxes[:40], boxes[40:]
        sizes = [(90, 40), (60, 18)]
        some = [nearby(boxes, frames[0], sizes, 4) for boxes in (frames, taken)]
        excluded += len(boxes) - sum(map(len, some))
        assert place_label(sizes, frames[0], *some, (960, 960), 4) == place_label(
            sizes, frames[0], frames, taken, (960, 960), 4
        )
    assert excluded > 500
