-- What every rule may read beside the documented tables.
--
-- `site`: whose a name nobody classified is, as far as a name tells: its last two labels, three below
-- the usual second levels of country codes (co.uk, com.br).
CREATE OR REPLACE TEMP MACRO site(name) AS array_to_string(string_split(name, '.')[
    CASE WHEN regexp_matches(name, '(^|[.])(ac|co|com|edu|gob|gov|gv|ne|net|nic|or|org)[.][a-z]{2}$')
        THEN -3 ELSE -2 END:], '.');

-- `looked_up`: DNS messages that rules name as evidence, as rows beside the flows of `seen`; a rule names
-- message N as flow -1 - N, because no flow has a number below 0. accuse.sql fills it.
CREATE OR REPLACE TEMP TABLE looked_up AS SELECT * FROM seen LIMIT 0;
CREATE OR REPLACE TEMP VIEW all_seen AS SELECT * FROM seen UNION ALL SELECT * FROM looked_up;

-- `evidence_flows`: the view `evidence`, looked through once.
CREATE OR REPLACE TEMP TABLE evidence_flows AS FROM evidence;

CREATE OR REPLACE TEMP TABLE hits (
    hit BIGINT,
    rule VARCHAR,
    place INTEGER,
    stream VARCHAR,
    agent VARCHAR,
    endpoint VARCHAR,
    flow_ids BIGINT[],
    modifiers VARCHAR[],
    facts VARCHAR
);
