SELECT lifecycle.diagram('customer') AS canvas
