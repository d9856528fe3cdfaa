INSERT INTO {schema}.data_protection_keys (name, xml) VALUES ($1, $2);
