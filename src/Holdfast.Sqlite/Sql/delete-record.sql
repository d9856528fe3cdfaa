DELETE FROM records WHERE key = ?1 RETURNING id, expires_at;
