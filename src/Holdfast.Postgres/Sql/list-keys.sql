SELECT xml FROM {schema}.data_protection_keys ORDER BY id;
