-- Its entries go with it.
DELETE FROM {schema}.records WHERE key = $1 RETURNING expires_at;
