-- A commit returns when its bytes are on the disk. fullfsync: on macOS a plain fsync stops at the drive's cache.
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
-- What a burst of writes or a long read left of the log goes back to the disk.
PRAGMA journal_size_limit = 67108864;
