-- The expiry again: the session may have been written to since it was listed.
DELETE FROM records WHERE id = ?1 AND expires_at <= ?2 RETURNING id;
