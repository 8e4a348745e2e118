"""The PySpark side of the benchmark; same questions and answers as spark-client.mjs, functions with pyarrow."""
import json
import sys
import time

import pyarrow as pa
from pyspark.sql import SparkSession


def count(batches):
    rows = 0
    for batch in batches:
        rows += batch.num_rows
    yield pa.RecordBatch.from_arrays([pa.array([rows], pa.int32())], ["rows"])


def pass_on(batches):
    yield from batches


def pass_group(table):
    return table


def tasks(tasks):
    return len(spark.range(0, tasks, 1, tasks).mapInArrow(count, "rows int").collect())


def collect_rows(query):
    return len(spark.sql(query).collect())


def collect_arrow(query):
    return spark.sql(query).toArrow().num_rows


def map_(query, schema):
    run(spark.sql(query).mapInArrow(pass_on, schema))


def group(query, schema):
    run(spark.sql(query).groupBy("k").applyInArrow(pass_group, schema))


def keep(view, query):
    frame = spark.sql(query).persist()
    frame.createOrReplaceTempView(view)
    return frame.count()


def run(frame):
    frame.write.format("noop").mode("overwrite").save()


def say(record):
    print(json.dumps(record), flush=True)


OPERATIONS = {
    "tasks": tasks,
    "collectRows": collect_rows,
    "collectArrow": collect_arrow,
    "map": map_,
    "group": group,
    "keep": keep,
}

start = time.perf_counter()
spark = SparkSession.builder.remote(sys.argv[1]).create()
tasks(1)
say({"session_s": time.perf_counter() - start})
for line in sys.stdin:
    parameters = json.loads(line)
    op = parameters.pop("op")
    if op == "settings":
        for key, value in parameters.items():
            spark.conf.set(key, value)
        say({})
        continue
    begin = time.perf_counter()
    rows = OPERATIONS[op](**parameters)
    say({"seconds": time.perf_counter() - begin, "rows": rows})
spark.stop()
