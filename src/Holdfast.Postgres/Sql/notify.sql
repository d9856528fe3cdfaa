SELECT pg_notify($1, payload) FROM unnest($2) WITH ORDINALITY AS n (payload, i) ORDER BY i;
