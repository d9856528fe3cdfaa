-- Until the transaction's end one node alone makes the schema. The number is 'Hold' in ASCII.
SELECT pg_advisory_xact_lock(x'486F6C64'::integer, hashtext('{schema}'));
