SELECT segment, step, title, value, pending FROM customers_funnel
