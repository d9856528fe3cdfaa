-- Applies the changes of many sessions in one transaction and one round trip. Each is a compare-and-set of its own: the answer holds for each session
-- the number of its record, or 0 where another revision is stored.
--
-- A function, because its statements stay planned in the server's process, also behind a pooler that shares those among clients.
CREATE FUNCTION {schema}.write(
  now bigint,
  keys text[], -- each once, in ascending order: all nodes lock records in the same order, so none waits for another in a circle
  expected bigint[], -- 0: there must be none
  revisions bigint[], -- the new ones
  expiries bigint[],
  -- Entries to remove: the position of their session in the arrays above, and their hash.
  removals integer[], removed uuid[],
  -- Entries to set.
  changes integer[], hashes uuid[], slices text[], kinds text[], names text[], contents bytea[])
RETURNS bigint[]
LANGUAGE plpgsql
-- The plans are kept while the tables grow, so they are made for large ones.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
  ids bigint[] := array_fill(0::bigint, ARRAY[cardinality(keys)]);
  id bigint;
  place integer;
  wanted bigint := cardinality(changes);
  updated bigint;
BEGIN
  IF 0 = ANY (expected) THEN
    -- All records at once, in their order, since what follows takes new ones and old ones apart.
    PERFORM FROM {schema}.records AS r WHERE r.key = ANY (keys) ORDER BY r.key FOR UPDATE;
    -- One that has expired counts as none; its entries go with it.
    DELETE FROM {schema}.records AS r USING unnest(keys, expected) AS w (key, expected)
      WHERE w.expected = 0 AND r.key = w.key AND r.expires_at <= now;
    FOR place, id IN
      INSERT INTO {schema}.records AS r (key, revision, expires_at)
        SELECT w.key, w.revision, w.expiry FROM unnest(keys, expected, revisions, expiries) AS w (key, expected, revision, expiry)
        WHERE w.expected = 0
        ON CONFLICT DO NOTHING
        RETURNING array_position(keys, r.key), r.id
    LOOP
      ids[place] := id;
    END LOOP;
  END IF;

  -- Without other joins than nested loops, records are found, and locked, one after the other as the arrays say.
  FOR place, id IN
    UPDATE {schema}.records AS r SET revision = w.revision, expires_at = w.expiry
      FROM unnest(keys, expected, revisions, expiries) WITH ORDINALITY AS w (key, expected, revision, expiry, place)
      WHERE r.key = w.key AND r.revision = w.expected AND r.expires_at > now
      RETURNING w.place, r.id
  LOOP
    ids[place] := id;
  END LOOP;

  -- From here on the records' locks keep everybody else from their entries.
  IF cardinality(removals) > 0 THEN
    DELETE FROM {schema}.entries AS e USING unnest(removals, removed) AS c (session, hash)
      WHERE e.record = ids[c.session] AND e.hash = c.hash;
  END IF;

  -- Most changes are of entries that are there, and an update alone costs half of what INSERT … ON CONFLICT DO UPDATE does.
  UPDATE {schema}.entries AS e SET value = c.content FROM unnest(changes, hashes, contents) AS c (session, hash, content)
    WHERE e.record = ids[c.session] AND e.hash = c.hash;
  GET DIAGNOSTICS updated = ROW_COUNT;
  IF 0 = ANY (ids) THEN
    SELECT count(*) INTO wanted FROM unnest(changes) AS c (session) WHERE ids[c.session] <> 0;
  END IF;
  IF updated < wanted THEN
    INSERT INTO {schema}.entries (record, hash, slice, kind, name, value)
      SELECT ids[c.session], c.hash, c.slice, c.kind, c.name, c.content
      FROM unnest(changes, hashes, slices, kinds, names, contents) AS c (session, hash, slice, kind, name, content)
      WHERE ids[c.session] <> 0
      ON CONFLICT DO NOTHING;
  END IF;
  RETURN ids;
END
$$;
