-- Words that the scripts of this room share.

-- Order of preference among names that fit a flow equally well: what clears comes before what
-- accuses, and what accuses before what says nothing.
CREATE OR REPLACE TEMP MACRO ownership_rank(o) AS CASE o
    WHEN 'ours' THEN 0 WHEN 'approved' THEN 1 WHEN 'platform' THEN 2 WHEN 'platform-claimed' THEN 3
    WHEN 'denied' THEN 4 WHEN 'foreign' THEN 5 WHEN 'undecidable' THEN 6 ELSE 7 END;

CREATE OR REPLACE TEMP MACRO cleared(o) AS o IN ('ours', 'approved', 'platform');

-- Services whose front ends serve nothing else, so that an address tells the service. Content
-- delivery networks are the opposite: every service may stand on every address of theirs.
CREATE OR REPLACE TEMP MACRO dedicated(service) AS coalesce(service IN ('acr', 'storage'), false);

CREATE OR REPLACE TEMP MACRO is_ipv6(addr) AS contains(addr, ':');

-- Which side is the client, most certain reason first.
CREATE OR REPLACE TEMP MACRO orientation_rank(reason) AS CASE reason
    WHEN 'syn' THEN 0 WHEN 'hello' THEN 1 WHEN 'http' THEN 2 WHEN 'dns' THEN 3
    WHEN 'port' THEN 4 WHEN 'private' THEN 5 ELSE 6 END;

-- True for the flows that are attributed now (attribute.sql).
CREATE OR REPLACE TEMP MACRO in_part(id) AS id % getvariable('parts') = getvariable('part');
