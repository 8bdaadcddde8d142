SELECT lifecycle.canvas('customer', 'customers', as_of => '2026-01-01', direction => 'TB') AS canvas
