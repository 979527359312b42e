import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ekspresi.datasets.image_files import encode_png
from ekspresi.datasets.parquet_files import write_dataset
from ekspresi.datasets.registry import find_info, read
from ekspresi.errors import DatasetError, MissingExtraError
from tests.support.fake_faces import save, texture, write_ckplus48, write_ferplus


def png(seed, size=48):
    return encode_png(texture(seed, size, size))


def write_own(file, **columns):
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), file)
    return file


def header_changed(source, target, **changes):
    table = pq.read_table(source)
    header = {**json.loads(table.schema.metadata[b"ekspresi"]), **changes}
    pq.write_table(table.replace_schema_metadata({"ekspresi": json.dumps(header)}), target)


@pytest.fixture
def converted(tmp_path):
    dataset = read(f"ckplus48:{write_ckplus48(tmp_path / 'CK+48')}")
    write_dataset(dataset, tmp_path / "ck.parquet")
    return dataset, tmp_path / "ck.parquet"


def test_converted_clips_come_back_whole(converted):
    dataset, file = converted
    again = read(f"parquet:{file}")
    assert again.fingerprint == dataset.fingerprint
    assert again.spec == f"parquet:{file}"
    assert (again.name, again.origin, again.made_by) == ("parquet", "ckplus48", "ckplus48")
    for words in ("subjects", "sequences", "names"):
        assert getattr(again, words).tolist() == getattr(dataset, words).tolist()
    assert again.official is None
    assert again.images.shape == dataset.images.shape


@pytest.mark.parametrize("form", ["folders", "csv"])
def test_converted_votes_and_splits_come_back_whole(tmp_path, form):
    dataset = read(f"ferplus:{write_ferplus(tmp_path / 'ferplus', form)}")
    write_dataset(dataset, tmp_path / "x.parquet")
    again = read(f"parquet:{tmp_path / 'x.parquet'}")
    assert again.fingerprint == dataset.fingerprint
    assert np.array_equal(again.other_votes, dataset.other_votes)
    assert again.targets.tolist() == dataset.targets.tolist() and -1 in again.targets
    assert again.majority_targets.tolist() == dataset.majority_targets.tolist()
    assert again.official.tolist() == dataset.official.tolist()
    assert again.subjects is None


def test_parts_in_a_folder_are_one_data_set(converted, tmp_path):
    dataset, file = converted
    table = pq.read_table(file)
    (tmp_path / "parts").mkdir()
    for number, start in enumerate((0, 40, 50)):
        rows = table.slice(start, (40, 10, 13)[number])
        pq.write_table(rows, tmp_path / "parts" / f"part-{number}.parquet", row_group_size=9)
    assert read(f"parquet:{tmp_path / 'parts'}").fingerprint == dataset.fingerprint
    (tmp_path / "parts" / ".part-3.parquet").write_text("still being written")
    assert len(read(f"parquet:{tmp_path / 'parts'}")) == 63
    header_changed(file, tmp_path / "parts" / "part-3.parquet", origin="folder")
    with pytest.raises(DatasetError, match=r"part-3\.parquet: is part of another data set than .*part-0\.parquet"):
        read(f"parquet:{tmp_path / 'parts'}")


def test_faces_of_many_sizes_come_back_whole(tmp_path):
    for number, label in enumerate(("anger", "fear", "fear")):
        save(texture(number, 20 + number, 30), tmp_path / "faces" / label / f"{number}.png")
    dataset = read(f"folder:{tmp_path / 'faces'}")
    write_dataset(dataset, tmp_path / "x.parquet")
    again = read(f"parquet:{tmp_path / 'x.parquet'}")
    assert again.fingerprint == dataset.fingerprint
    assert [image.shape for image in again.images] == [(20, 30), (21, 30), (22, 30)]


def test_own_table_needs_pictures_and_labels(tmp_path):
    file = write_own(
        tmp_path / "own.parquet", image=[png(0), png(1), png(2)], label=["Happy", "bored", "sedih"], n=[1] * 3
    )
    dataset = read(f"parquet:{file}")
    assert dataset.labels == ("bored", "happiness", "sadness")
    assert dataset.targets.tolist() == [1, 0, 2]
    assert dataset.names.tolist() == ["own.parquet#0", "own.parquet#1", "own.parquet#2"]
    assert (dataset.origin, dataset.made_by, dataset.official) == ("", "parquet", None)
    assert np.array_equal(dataset.images[2], texture(2))


def test_own_table_may_hold_structs_and_all_columns(tmp_path):
    file = write_own(
        tmp_path / "own.parquet",
        image=[{"bytes": png(0), "path": "a.png"}, {"bytes": png(1), "path": None}],
        label=["anger", "fear"],
        name=["a", "b"],
        split=["train", "Val"],
        subject=["S1", "S2"],
        sequence=["S1/1", "S2/1"],
    )
    dataset = read(f"parquet:{file}")
    assert dataset.names.tolist() == ["a", "b"]
    assert dataset.official.tolist() == ["train", "validation"]
    assert (dataset.subjects.tolist(), dataset.sequences.tolist()) == (["S1", "S2"], ["S1/1", "S2/1"])


def test_numbered_classes_are_named_by_hugging_face(tmp_path):
    features = {"label": {"names": ["angry", "sad"], "_type": "ClassLabel"}, "image": {"_type": "Image"}}
    table = pa.table({"image": [{"bytes": png(0)}, {"bytes": png(1)}], "label": [1, 0]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "train-00000-of-00001.parquet")
    dataset = read(f"parquet:{tmp_path}")
    assert [dataset.labels[code] for code in dataset.targets] == ["sadness", "anger"]
    features["label"]["names"] = ["angry"]
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "train-00000-of-00001.parquet")
    with pytest.raises(DatasetError, match="the column label holds 1 in row 0"):
        read(f"parquet:{tmp_path}")


def test_rows_without_a_readable_picture_are_skipped(tmp_path):
    cells = [png(0), b"no picture", None, png(3)]
    file = write_own(tmp_path / "own.parquet", image=cells, label=["anger", "fear", "anger", "fear"])
    dataset = read(f"parquet:{file}")
    assert dataset.names.tolist() == ["own.parquet#0", "own.parquet#3"]
    assert dataset.targets.tolist() == [0, 1]
    assert [line.partition(": ")[0] for line in dataset.skipped] == [f"{file} row 1", f"{file} row 2"]


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"label": ["anger", "fear"]}, "column image missing, found label"),
        ({"image": [png(0)] * 2}, "column label missing, found image"),
        (
            {"image": [png(0)] * 2, "label": ["anger", None]},
            "the column label holds None in row 1. Give",
        ),
        ({"image": [png(0)] * 2, "label": [0, 1]}, "the column label holds 0 in row 0. Give each row a word as label."),
        ({"image": [png(0)] * 2, "label": ["a", "b"], "split": ["train", "dev"]}, "'dev' in the column split is no"),
        ({"image": [png(0)] * 2, "label": ["a", "b"], "subject": ["S1", None]}, "Give each row a subject, or no row"),
        ({"image": [b"x", b"y"], "label": ["a", "b"]}, "none of its 2 pictures can be read"),
        ({"image": [1, 2], "label": ["a", "b"]}, "none of its 2 pictures can be read"),
    ],
)
def test_own_table_that_is_wrong_is_refused(tmp_path, columns, problem):
    file = write_own(tmp_path / "own.parquet", **columns)
    with pytest.raises(DatasetError) as error:
        read(f"parquet:{file}")
    assert problem in str(error.value)


def test_files_that_are_not_parquet_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"holds no \*\.parquet files"):
        read(f"parquet:{tmp_path}")
    (tmp_path / "x.parquet").write_text("no table")
    with pytest.raises(DatasetError, match=r"x\.parquet: is not a readable Parquet file"):
        read(f"parquet:{tmp_path}")


def test_damaged_and_later_headers_are_refused(converted, tmp_path):
    _, file = converted
    for changes, problem in (
        ({"version": 2}, "its format is version 2, and this ekspresi reads version 1"),
        ({"other": 1}, "its header is damaged"),
        ({"labels": ["anger"]}, "7 votes a row for 1 labels"),
    ):
        header_changed(file, tmp_path / "changed.parquet", **changes)
        with pytest.raises(DatasetError, match=problem):
            read(f"parquet:{tmp_path / 'changed.parquet'}")


def test_votes_of_different_lengths_are_refused(converted, tmp_path):
    _, file = converted
    table = pq.read_table(file)
    votes = [[1.0] * 6, [1.0] * 8, *table["votes"].to_pylist()[2:]]
    position = table.schema.get_field_index("votes")
    changed = table.set_column(position, "votes", pa.array(votes, pa.list_(pa.float32())))
    pq.write_table(changed, tmp_path / "changed.parquet")
    with pytest.raises(DatasetError, match="rows of the column votes differ in length"):
        read(f"parquet:{tmp_path / 'changed.parquet'}")


def test_name_that_is_not_utf8_is_read(converted, tmp_path):
    dataset, file = converted
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9:x.parquet"))
    file.rename(odd)
    assert read(f"parquet:{odd}").fingerprint == dataset.fingerprint


def test_missing_pyarrow_names_the_extra(converted, monkeypatch):
    monkeypatch.setattr(
        "ekspresi.datasets.readers.parquet.pyarrow",
        lambda what: (_ for _ in ()).throw(MissingExtraError(what, "parquet")),
    )
    with pytest.raises(MissingExtraError, match=r"reading Parquet needs the extra \[parquet\]"):
        find_info("parquet").read(converted[1])
