-- After find-record: of a write, or of a new session in the place of an expired one.
UPDATE records SET revision = ?1, expires_at = ?2 WHERE id = ?3;
