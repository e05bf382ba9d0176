"""Reads the archive of the play log with DuckDB, as anybody's engine would, and prints what it counts as one JSON object.

    archive.py FOLDER
"""

import hashlib
import json
import sys

import duckdb


def main(folder):
    db = duckdb.connect()
    plays = f"read_parquet('{folder}/plays/*/*.parquet', hive_partitioning = true)"
    batches = f"read_parquet('{folder}/batches/*/*.parquet', hive_partitioning = true)"
    by_day = db.execute(
        f"""SELECT CAST(day AS VARCHAR), count(*), count(*) FILTER (counted), sum(actual_ms)
            FROM {plays} GROUP BY day ORDER BY day"""
    ).fetchall()
    # The folder's name and the column say the same.
    assert db.execute(f"SELECT count(*) FROM {plays} WHERE CAST(day AS DATE) <> local_day").fetchone() == (0,)
    by_screen = db.execute(f"SELECT screen, status, count(*) FROM {plays} GROUP BY ALL ORDER BY ALL").fetchall()
    signed = db.execute(f"SELECT log_index, digest, plays, signed FROM {batches} ORDER BY log_index").fetchall()
    for _, digest, _, whole in signed:
        assert hashlib.sha256(whole).hexdigest() == digest, f"{digest} is another batch"
    print(
        json.dumps(
            {
                "days": [[day, plays, counted, int(shown)] for day, plays, counted, shown in by_day],
                "screens": by_screen,
                "indexes": [index for index, *_ in signed],
                "plays_in_batches": sum(plays for _, _, plays, _ in signed),
            }
        )
    )


main(sys.argv[1])
