// A deal through node-pg: plain SQL, so every column is written only where the program says so.
const { Client } = require("pg");

async function main() {
  const db = new Client(); // where: PGHOST, PGDATABASE, ...
  await db.connect();
  await db.query("CREATE TABLE deals (id int PRIMARY KEY, company text NOT NULL, amount numeric, stage text NOT NULL)");
  await db.query("SELECT lifecycle.attach('deals', 'deal')");

  const one = async (sql, values) => Object.values((await db.query(sql, values)).rows[0])[0];
  const path = (company) => one("SELECT lifecycle.path(journey) FROM deals WHERE company = $1", [company]);

  await db.query("INSERT INTO deals VALUES (1, 'Acme', 900, 'lead'), (2, 'Initech', 500, 'lead')");
  const stale = await one("SELECT journey FROM deals WHERE id = 1");
  await db.query("UPDATE deals SET stage = 'qualified' WHERE id = 1");
  console.log("moved:", await path("Acme"));

  try {
    await db.query("UPDATE deals SET stage = 'won' WHERE id = 2");
  } catch (error) {
    console.log("refused:", error.constructor.name, error.code, error.constraint);
    console.log("because:", error.message);
  }

  // Every column is written back, with a journey read before the last move.
  await db.query("UPDATE deals SET company = $1, amount = $2, stage = $3, journey = $4 WHERE id = 1",
    ["Acme", 950, "won", stale]);
  console.log("written back:", await path("Acme"));

  await db.query(`INSERT INTO deals (id, company, amount, stage)
    SELECT * FROM unnest($1::int[], $2::text[], $3::numeric[], $4::text[])
    ON CONFLICT (id) DO UPDATE SET amount = EXCLUDED.amount, stage = EXCLUDED.stage`,
    [[2, 3], ["Initech", "Hooli"], [550, 700], ["qualified", "lead"]]);
  console.log("upserted:", await path("Initech"), "and", await path("Hooli"));

  const journey = await one("SELECT journey FROM deals WHERE id = 1");
  console.log("journey:", typeof journey, journey);

  // Nobody rewrites history by hand.
  try {
    await db.query("UPDATE deals SET journey = '{won@2020-01-01}' WHERE id = 1");
  } catch (error) {
    console.log("refused:", error.constructor.name, error.code, error.constraint);
  }
  await db.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
