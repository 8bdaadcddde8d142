"""A deal through psycopg 3: plain SQL, so every column is written only where the program says so."""
import psycopg

db = psycopg.connect(autocommit=True)  # where: PGHOST, PGDATABASE, ...
db.execute("CREATE TABLE deals (id int PRIMARY KEY, company text NOT NULL, amount numeric, stage text NOT NULL)")
db.execute("SELECT lifecycle.attach('deals', 'deal')")


def path(company):
    return db.execute("SELECT lifecycle.path(journey) FROM deals WHERE company = %s", [company]).fetchone()[0]


db.execute("INSERT INTO deals VALUES (1, 'Acme', 900, 'lead'), (2, 'Initech', 500, 'lead')")
stale = db.execute("SELECT journey FROM deals WHERE id = 1").fetchone()[0]
db.execute("UPDATE deals SET stage = 'qualified' WHERE id = 1")
print("moved:", path("Acme"))

try:
    db.execute("UPDATE deals SET stage = 'won' WHERE id = 2")
except psycopg.IntegrityError as error:  # psycopg.errors.CheckViolation is one
    print("refused:", type(error).__name__, error.sqlstate, error.diag.constraint_name)
    print("because:", error.diag.message_primary)

# Every column is written back, with a journey read before the last move.
db.execute("UPDATE deals SET company = %s, amount = %s, stage = %s, journey = %s WHERE id = 1",
           ["Acme", 950, "won", stale])
print("written back:", path("Acme"))

db.cursor().executemany("""INSERT INTO deals (id, company, amount, stage) VALUES (%s, %s, %s, %s)
    ON CONFLICT (id) DO UPDATE SET amount = EXCLUDED.amount, stage = EXCLUDED.stage""",
    [(2, "Initech", 550, "qualified"), (3, "Hooli", 700, "lead")])
print("upserted:", path("Initech"), "and", path("Hooli"))

journey = db.execute("SELECT journey FROM deals WHERE id = 1").fetchone()[0]
print("journey:", type(journey).__name__, journey)

# Nobody rewrites history by hand.
try:
    db.execute("UPDATE deals SET journey = '{won@2020-01-01}' WHERE id = 1")
except psycopg.IntegrityError as error:
    print("refused:", type(error).__name__, error.sqlstate, error.diag.constraint_name)
