-- One statement, so that revision and entries are of one moment. No entry is looked at when the caller holds this revision ($2).
SELECT r.revision, r.expires_at, e.slice, e.kind, e.name, e.value
FROM {schema}.records AS r
LEFT JOIN {schema}.entries AS e ON e.record = CASE WHEN r.revision <> $2 THEN r.id END
WHERE r.key = $1;
