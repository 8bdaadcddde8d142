-- One round of tables, types and lifecycles that come, are attached, and go.
SELECT lifecycle.create_lifecycle('fleeting', lifecycle.template('b2b_sales'));
SELECT lifecycle.create_stage_type('fleeting', 'fleeting.stage');
CREATE TABLE fleeting.sales (id int PRIMARY KEY, stage fleeting.stage);
INSERT INTO fleeting.sales VALUES (1, 'qualification');
SELECT lifecycle.attach('fleeting.sales', 'fleeting', log => true);
SELECT lifecycle.explain_move(s, 'needs') FROM fleeting.sales s;
UPDATE fleeting.sales SET stage = 'needs';
SELECT * FROM lifecycle.rebuild_stage_type('fleeting.stage');
CALL lifecycle.merge_stage('fleeting', 'proposal', 'negotiation', blocks => NULL);
SELECT * FROM lifecycle.retire_stage('fleeting', 'lost');
SELECT lifecycle.detach('fleeting.sales');
DROP TABLE fleeting.sales, fleeting.sales_stage_log;
DROP TYPE fleeting.stage;
SELECT lifecycle.drop_lifecycle('fleeting');

CREATE TABLE fleeting.late (id int PRIMARY KEY, stage text);
INSERT INTO fleeting.late SELECT g, 'known' FROM generate_series(1, 100) g;
SELECT lifecycle.attach('fleeting.late', 'lead', existing => 'defer');
CALL lifecycle.backfill('fleeting.late', $$SELECT g AS id, s AS stage, timestamptz '2026-01-01' + n * interval '1 day' AS at
	FROM generate_series(1, 90) g, (VALUES (1, 'new'), (2, 'known')) v (n, s)$$);
CALL lifecycle.fill('fleeting.late');
SELECT * FROM lifecycle.verify('fleeting.late');
DROP TABLE fleeting.late;
