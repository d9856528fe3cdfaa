SELECT key FROM {schema}.records WHERE key > $1 AND expires_at > $2 ORDER BY key LIMIT $3;
