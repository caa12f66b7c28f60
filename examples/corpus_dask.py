"""Faces of many pictures in a Dask job of your own.

    python examples/corpus_dask.py photos --out faces

Needs ``pip install 'dask[dataframe,distributed]'``; on a cluster, Mien with the extra ``scale`` on
every machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
from dask.distributed import Client

from mien.scale import analyze_batch


def analyse(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of paths → a table of faces; the networks stay loaded in Dask's worker."""
    table = pa.table({"path": pa.array(frame["path"], pa.string())})
    return analyze_batch(table).to_pandas()


def main() -> None:
    """Analyse the pictures of a folder and print how often each expression was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    paths = sorted(str(path.resolve()) for path in arguments.folder.rglob("*.jpg"))

    columns = analyse(pd.DataFrame({"path": []}))
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None):
        pictures = dd.from_pandas(pd.DataFrame({"path": paths}), npartitions=8)
        faces = pictures.map_partitions(analyse, meta=columns)
        faces.to_parquet(arguments.out)
        print(dd.read_parquet(arguments.out).groupby("expression").size().compute().sort_index())


if __name__ == "__main__":
    main()
