SELECT count(*) AS "came in",
       count(*) FILTER (WHERE stage IN ('lead', 'trial')) AS "open leads and trials",
       count(*) FILTER (WHERE stage IN ('onboarding', 'active', 'expanded', 'at_risk')) AS customers,
       round(sum(mrr) FILTER (WHERE stage IN ('onboarding', 'active', 'expanded', 'at_risk'))) AS "monthly revenue",
       count(*) FILTER (WHERE stage = 'at_risk') AS "at risk",
       count(*) FILTER (WHERE stage = 'churned') AS churned
FROM customers
