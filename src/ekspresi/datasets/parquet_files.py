"""Write a data set as one Parquet file, and define what the file holds.

In: a ``FaceDataset``. Out: a file that the reader ``parquet`` reads back with the same fingerprint; its docstring
states the columns. Does not know where the data set came from. Needs pyarrow, the extra [parquet].
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ekspresi.datasets.dataset import FaceDataset
from ekspresi.datasets.image_files import encode_png
from ekspresi.errors import DatasetError
from ekspresi.system.arrow import pyarrow
from ekspresi.system.storage import MAKER, atomic_write

VERSION = 1
"""Version of the columns and of the header."""

GROUP_ROWS = 256
"""Rows in a row group. To read one face at random, as training does, its group is read: 0.5 MB of faces of 48 px."""


@dataclass(frozen=True, slots=True)
class ParquetHeader:
    """Hold what the metadata of the file's schema say of all its rows.

    Attributes:
        labels: K labels, in the order of the votes.
        origin: reader of the files from which the faces were converted.
        options: of that reader, as after the '?' of a spec; '' for none.
        license: terms of the data set.
        citation: paper to cite.
        version: of the format.

    >>> header = ParquetHeader(("anger", "fear"), "rafdb", "", "research only", "a paper")
    >>> ParquetHeader.from_json(header.to_json(), Path("x.parquet")) == header
    True
    """

    labels: tuple[str, ...]
    origin: str
    options: str
    license: str
    citation: str
    version: int = VERSION

    def to_json(self) -> bytes:
        """Return the header as JSON, UTF-8."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, text: bytes, file: Path) -> "ParquetHeader":
        """Read the header of a file.

        Raises:
            DatasetError: it is damaged, or that of a later version.
        """
        try:
            header = cls(**json.loads(text))
            labels = tuple(str(label) for label in header.labels)
        except (ValueError, TypeError) as error:
            raise DatasetError(f"{file}: its header is damaged. Convert the data set again.") from error
        if header.version != VERSION:
            what = f"its format is version {header.version}, and this ekspresi reads version {VERSION}"
            raise DatasetError(f"{file}: {what}. Convert the data set again.")
        return cls(labels, header.origin, header.options, header.license, header.citation)


def dataset_schema(header: ParquetHeader) -> Any:
    """Make the Arrow schema of a file, with the header in its metadata.

    Raises:
        MissingExtraError: pyarrow is not installed.

    >>> dataset_schema(ParquetHeader(("anger", "fear"), "rafdb", "", "", "")).names[:3]
    ['image', 'label', 'votes']
    """
    pa = pyarrow()
    votes = pa.list_(pa.float32())
    columns = [
        ("image", pa.binary(), False),
        ("label", pa.string(), True),
        ("votes", votes, False),
        ("other_votes", votes, False),
        ("name", pa.string(), False),
        ("split", pa.string(), True),
        ("subject", pa.string(), True),
        ("sequence", pa.string(), True),
        ("height", pa.int32(), False),
        ("width", pa.int32(), False),
    ]
    fields = [pa.field(name, kind, nullable=nullable) for name, kind, nullable in columns]
    return pa.schema(fields, metadata={MAKER: header.to_json()})


def write_dataset(dataset: FaceDataset, target: Path, license: str = "", citation: str = "") -> None:
    """Write a data set as a Parquet file, whole or not at all; one row group is in memory at once.

    Args:
        dataset: to write; its path, and what its reader left out, are not written.
        target: the file; an existing one is replaced.
        license: terms of the data set, for the header.
        citation: paper to cite, for the header.

    Raises:
        MissingExtraError: pyarrow is not installed.
        OutputError: the file cannot be written.

    >>> import tempfile
    >>> import numpy as np
    >>> votes = np.eye(2, dtype=np.float32)
    >>> images, names = np.zeros((2, 48, 48), np.uint8), np.array(["a", "b"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "x.parquet")
    ...     write_dataset(FaceDataset("x", "x", ("a", "b"), images, votes, votes[:, :0], names), file)
    ...     pyarrow().parquet.read_table(file)["label"].to_pylist()
    ['a', 'b']
    """
    pa = pyarrow()
    schema = dataset_schema(ParquetHeader(dataset.labels, dataset.made_by, dataset.options, license, citation))
    # Statistics would put two pictures of each group into the end of the file, which every process reads.
    counted = [name for name in schema.names if name != "image"]
    with (
        atomic_write(target) as part,
        part.open("wb") as file,
        pa.parquet.ParquetWriter(file, schema, use_dictionary=counted, write_statistics=counted) as writer,
    ):
        for start in range(0, len(dataset), GROUP_ROWS):
            rows = range(start, min(start + GROUP_ROWS, len(dataset)))
            writer.write_table(pa.Table.from_pylist(list(_rows(dataset, rows)), schema))


def _rows(dataset: FaceDataset, positions: range) -> Iterator[dict[str, Any]]:
    optional = {"split": dataset.official, "subject": dataset.subjects, "sequence": dataset.sequences}
    for position in positions:
        face, target = dataset.images[position], int(dataset.targets[position])
        yield {
            "image": encode_png(face),
            "label": dataset.labels[target] if target >= 0 else None,
            "votes": dataset.votes[position].tolist(),
            "other_votes": dataset.other_votes[position].tolist(),
            "name": str(dataset.names[position]),
            **{name: None if words is None else str(words[position]) for name, words in optional.items()},
            "height": face.shape[0],
            "width": face.shape[1],
        }
