-- By the server's clock, which is the only one that all nodes share. Whoever has not read a notice by then has lost the connection long ago.
DELETE FROM {schema}.notices WHERE sent_at < now() - interval '10 minutes';
