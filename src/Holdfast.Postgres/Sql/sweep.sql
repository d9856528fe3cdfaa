-- Waits for nobody: a record that is being written to is not expired for long, or is swept the next time.
WITH expired AS (
  SELECT id FROM {schema}.records WHERE id > $1 AND expires_at <= $2 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
), swept AS (
  DELETE FROM {schema}.records AS r USING expired WHERE r.id = expired.id RETURNING r.id
)
SELECT count(*), coalesce(max(id), 0) FROM swept;
