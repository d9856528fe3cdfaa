UPDATE records SET revision = revision + 1, expires_at = ?1
WHERE key = ?2 AND revision = ?3 AND expires_at > ?4
RETURNING id;
