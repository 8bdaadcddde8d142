"""What a tool that speaks ODBC gets to know of the tables and views of a schema, a line for each column:
VIEW deals_funnel.value BIGINT int8. The driver's name is the first argument, views to read are the others."""
import os
import sys

import pyodbc

NAMES = {getattr(pyodbc, name): name[4:] for name in dir(pyodbc) if name.startswith("SQL_") and name[4:] in (
    "BIT CHAR VARCHAR LONGVARCHAR WCHAR WVARCHAR WLONGVARCHAR TINYINT SMALLINT INTEGER BIGINT NUMERIC DECIMAL REAL FLOAT DOUBLE"
    " TYPE_DATE TYPE_TIME TYPE_TIMESTAMP GUID BINARY VARBINARY LONGVARBINARY").split()}

# What the environment does not say, libpq knows, on which the driver is built.
settings = {"Driver": sys.argv[1], "Servername": os.environ.get("PGHOST"), "Port": os.environ.get("PGPORT"),
            "UID": os.environ.get("PGUSER"), "Database": os.environ["PGDATABASE"]}
db = pyodbc.connect(";".join(f"{name}={value}" for name, value in settings.items() if value))
for table in db.cursor().tables(schema="public"):
    if table.table_type not in ("TABLE", "VIEW"):
        continue
    for column in db.cursor().columns(schema="public", table=table.table_name):
        if column.table_name == table.table_name:
            print(table.table_type, f"{table.table_name}.{column.column_name}",
                  NAMES.get(column.data_type, column.data_type), column.type_name)
for view in sys.argv[2:]:
    rows = db.cursor().execute(f"SELECT * FROM {view}").fetchall()
    print("READ", view, len(rows), "rows:", *(type(value).__name__ for value in (rows[0] if rows else ())))
