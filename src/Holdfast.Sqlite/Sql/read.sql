-- One statement, so that revision and entries are of one moment.
SELECT r.revision, r.expires_at, e.slice, e.kind, e.name, e.value
FROM records AS r LEFT JOIN entries AS e ON e.record = r.id
WHERE r.key = ?1;
