SELECT * FROM timeline ORDER BY start_ns, destination;
