-- {schema} is the option Schema, quoted.

-- The version of all this; one row.
CREATE TABLE {schema}.schema_version (version integer NOT NULL);
INSERT INTO {schema}.schema_version VALUES (1);

-- One row for each session: what a compare-and-set looks at. The number stands for the long key in the entries.
-- No index on the expiry, which every write moves: without one, and with room in the page, an update touches no index at all.
CREATE TABLE {schema}.records (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text COLLATE "C" NOT NULL UNIQUE,
  revision bigint NOT NULL,
  expires_at bigint NOT NULL -- Unix time in milliseconds
) WITH (fillfactor = 60);

-- One row for each entry of a session. An index takes keys of up to 2,704 bytes, and names may be longer: hence their hash.
CREATE TABLE {schema}.entries (
  record bigint NOT NULL REFERENCES {schema}.records ON DELETE CASCADE,
  hash uuid NOT NULL, -- the first 16 bytes of the SHA-256 of slice, NUL, kind and name, in UTF-8
  slice text NOT NULL,
  kind text NOT NULL, -- s: the slice itself, m: a member, t: a tab's part
  name text NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (record, hash)
) WITH (fillfactor = 70);

-- The Data Protection key ring, where the application configured none.
CREATE TABLE {schema}.data_protection_keys (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  xml text NOT NULL
);

-- Notices that are too long for NOTIFY, until the sweep.
CREATE TABLE {schema}.notices (
  id uuid PRIMARY KEY,
  content bytea NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now()
);
