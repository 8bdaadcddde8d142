"""Hands the rows of a table's log on, each at least once and in an order that loses nobody's.

    consume.py LOG [--follow]        LOG is a table that attach(..., log => true) made

The position is stored in the database, by the name in CONSUMER (default: outbox). A row is handed on before the
position behind it is stored: after a crash in between, it comes again, with the same number.
"""
import json
import os
import sys
import time

import psycopg
from psycopg import sql

BATCH = int(os.environ.get("BATCH", "100"))

# Of transactions that are over, and so is every one before them: what commits late comes behind, never before.
NEWS = """
    SELECT xid::text, number, to_jsonb(l) - 'xid' FROM {log} l
    WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, number) > (%s::xid8, %s)
    ORDER BY xid, number LIMIT %s"""


def hand_on(row):
    """Your part: a message broker, a webhook, a mail. The receiver knows a row that came before by its number."""
    print(json.dumps(row, ensure_ascii=False), flush=True)


def consume_batch(db, consumer, log):
    """Hands a batch on; False where there was none. Of several consumers of one name, one works at a time."""
    with db.transaction():
        db.execute("INSERT INTO outbox_position VALUES (%s, '0', 0) ON CONFLICT DO NOTHING", [consumer])
        xid, number = db.execute("SELECT xid::text, number FROM outbox_position WHERE consumer = %s FOR UPDATE",
                                 [consumer]).fetchone()
        news = db.execute(sql.SQL(NEWS).format(log=log), [xid, number, BATCH]).fetchall()
        for xid, number, row in news:
            hand_on(row)
        if os.environ.get("CRASH"):
            os._exit(1)
        db.execute("UPDATE outbox_position SET xid = %s::xid8, number = %s WHERE consumer = %s", [xid, number, consumer])
    return bool(news)


def main():
    log = sql.Identifier(*sys.argv[1].split("."))
    consumer = os.environ.get("CONSUMER", "outbox")
    db = psycopg.connect(autocommit=True)  # where: PGHOST, PGDATABASE, ...
    db.execute("CREATE TABLE IF NOT EXISTS outbox_position (consumer text PRIMARY KEY, xid xid8 NOT NULL, number bigint NOT NULL)")
    while consume_batch(db, consumer, log) or "--follow" in sys.argv:
        time.sleep(0.2 if "--follow" in sys.argv else 0)


main()
