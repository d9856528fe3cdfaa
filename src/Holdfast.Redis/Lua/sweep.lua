-- The expiry again: the session may have been written to since it was found.
-- KEYS[1]  the session's hash
-- ARGV     1 now (Unix milliseconds)
-- Returns  1 when it had expired and is removed, else 0
local expires = tonumber(redis.call('HGET', KEYS[1], 'e'))
if expires and expires <= tonumber(ARGV[1]) then
  return {redis.call('DEL', KEYS[1])}
end
return {0}
