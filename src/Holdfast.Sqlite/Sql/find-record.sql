SELECT id, expires_at FROM records WHERE key = ?1;
