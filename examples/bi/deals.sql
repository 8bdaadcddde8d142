-- A table of deals with some history, and its views for BI.
CREATE EXTENSION crm_lifecycle;
SELECT lifecycle.create_lifecycle('deal', lifecycle.template('b2b_sales'));
CREATE TABLE deals (id int PRIMARY KEY, segment text NOT NULL, amount numeric, stage text NOT NULL, journey lifecycle.journey);
INSERT INTO deals
    SELECT n, CASE n % 3 WHEN 0 THEN 'enterprise' ELSE 'smb' END, 1000 + n * 10, lifecycle.current_stage(journey), journey
    FROM generate_series(1, 300) n CROSS JOIN LATERAL (
        SELECT lifecycle.journey_agg(stage, timestamptz '2026-01-05 09:00Z' + make_interval(days => (n % 90 + step * (3 + n % 11))::int)) AS journey
        FROM unnest('{qualification,needs,proposal,negotiation,sale}'::text[]) WITH ORDINALITY w (stage, step)
        WHERE step <= 1 + n * 7 % 5) j;
SELECT lifecycle.attach('deals', 'deal');
SELECT * FROM lifecycle.create_bi_views('deals', "by" => '{segment}');
