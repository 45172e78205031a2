-- Modifiers and facts of the hits behind each finding, in the rules' stated order.
SELECT DISTINCT c.finding, c.place, c.hit, h.rule, h.modifiers, h.facts
FROM accused AS c
JOIN hits AS h ON h.hit = c.hit
ORDER BY c.finding, c.place, c.hit;
