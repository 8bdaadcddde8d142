SELECT lifecycle.attach('customers', 'customer', reason_column => 'reason');
