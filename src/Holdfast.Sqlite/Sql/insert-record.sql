INSERT INTO records (revision, expires_at, key) VALUES (?1, ?2, ?3) RETURNING id;
