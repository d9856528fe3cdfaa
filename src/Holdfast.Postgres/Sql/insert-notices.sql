INSERT INTO {schema}.notices (id, content) SELECT id, content FROM unnest($1, $2) AS n (id, content);
