"""Faces of many pictures in a Spark job of your own, with ``mapInPandas``.

    python examples/corpus_spark.py photos --out faces

Needs ``pip install pyspark`` and Java; on a cluster, Mien with the extra ``scale`` on every node.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from mien.scale import analyze_batch


def analyse(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Tables of paths → tables of faces; the networks stay loaded in Spark's worker."""
    for frame in frames:
        yield analyze_batch(pa.Table.from_pandas(frame, preserve_index=False)).to_pandas()


def main() -> None:
    """Analyse the pictures of a folder and print how often each expression was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    paths = sorted(str(path.resolve()) for path in arguments.folder.rglob("*.jpg"))

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", False).getOrCreate()
    schema = analyze_batch(pa.table({"path": pa.array([], pa.string())})).schema
    pictures = spark.createDataFrame([(path,) for path in paths], "path string").repartition(8)
    faces = pictures.mapInPandas(analyse, from_arrow_schema(schema))
    faces.write.mode("overwrite").parquet(arguments.out)
    spark.read.parquet(arguments.out).groupBy("expression").count().orderBy("expression").show()
    spark.stop()


if __name__ == "__main__":
    main()
