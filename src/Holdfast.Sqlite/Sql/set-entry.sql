INSERT INTO entries (record, slice, kind, name, value) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET value = excluded.value;
