SELECT id, revision, expires_at FROM records WHERE key = ?1;
