-- Removes whatever is there, also what is damaged.
-- KEYS[1]  the session's hash
-- ARGV     1 now (Unix milliseconds)
-- Returns  1 when there was a session that had not expired, else 0
local expires = redis.pcall('HGET', KEYS[1], 'e')
local expired = type(expires) == 'string' and (tonumber(expires) or math.huge) <= tonumber(ARGV[1])
local removed = redis.call('DEL', KEYS[1])
return {expired and 0 or removed}
