-- The month as text: the connector takes a date for midnight in its own time zone.
SELECT segment, to_char(cohort, 'YYYY-MM') AS cohort, period, size, retained FROM customers_cohorts WHERE complete
