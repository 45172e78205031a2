SELECT * FROM services ORDER BY endpoint, role, owner NULLS LAST, ownership;
