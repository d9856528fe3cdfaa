-- One row for each session: what a compare-and-set looks at. The number stands for the long key in the entries.
CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL,
    expires_at INTEGER NOT NULL -- Unix time in milliseconds
) STRICT;

-- One row for each entry of a session, ordered so that a session is read in one run.
CREATE TABLE entries (
    record INTEGER NOT NULL, -- records.id
    slice TEXT NOT NULL,
    kind TEXT NOT NULL, -- s: the slice itself, m: a member, t: a tab's part
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (record, slice, kind, name)
) STRICT, WITHOUT ROWID;

-- The Data Protection key ring, where the application configured none.
CREATE TABLE data_protection_keys (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    xml TEXT NOT NULL
) STRICT;

-- 'Hold' in ASCII: tells our files from those of others.
PRAGMA application_id = 0x486F6C64;
PRAGMA user_version = 1;
