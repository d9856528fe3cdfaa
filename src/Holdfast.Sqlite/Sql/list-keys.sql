SELECT xml FROM data_protection_keys ORDER BY id;
