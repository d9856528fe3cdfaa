-- What kind of server this is, what it promises, and what is in the schema.
SELECT
  current_setting('server_version_num')::integer,
  current_setting('server_encoding'),
  current_setting('transaction_read_only') = 'on',
  current_setting('synchronous_commit'),
  current_setting('fsync'),
  current_setting('full_page_writes'),
  to_regclass('{schema}.schema_version') IS NOT NULL,
  (SELECT string_agg(relname, ''', ''') FROM (
    SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('{schema}') AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname LIMIT 5) AS t);
