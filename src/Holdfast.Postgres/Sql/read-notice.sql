SELECT content FROM {schema}.notices WHERE id = $1;
