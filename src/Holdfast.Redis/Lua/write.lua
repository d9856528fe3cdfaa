-- One compare-and-set: all of the change or nothing. Everything that can fail comes before the first change.
-- KEYS[1]  the session's hash
-- ARGV     1 expected revision (0: none), 2 new revision, 3 now, 4 expiry (both Unix milliseconds), 5 the write's id,
--          6 how many entries are set; then field and value of each of them; then the fields that are removed
-- Returns  0 another revision (or none) is stored, 1 written, 2 written before: this is a repeat
local key = KEYS[1]
local record = redis.call('HMGET', key, 'r', 'e', 'w')
if record[3] == ARGV[5] then
  return {2}
end

local now, stored = tonumber(ARGV[3]), '0'
if record[1] then
  local expires = tonumber(record[2])
  if not expires then
    return redis.error_reply('DAMAGED a session has no expiry')
  end
  if expires > now then
    stored = record[1]
  end
elseif redis.call('EXISTS', key) == 1 then
  return redis.error_reply('DAMAGED a hash that is no session')
end
if stored ~= ARGV[1] then
  return {0}
end

if record[1] and stored == '0' then
  -- Nothing of an expired session survives.
  redis.call('DEL', key)
end
-- Lua's stack takes some 8,000 values at once.
local chunk, last = 4000, 6 + 2 * tonumber(ARGV[6])
redis.call('HSET', key, 'r', ARGV[2], 'e', ARGV[4], 'w', ARGV[5], unpack(ARGV, 7, math.min(last, 6 + chunk)))
for first = 7 + chunk, last, chunk do
  redis.call('HSET', key, unpack(ARGV, first, math.min(last, first + chunk - 1)))
end
for first = last + 1, #ARGV, chunk do
  redis.call('HDEL', key, unpack(ARGV, first, math.min(#ARGV, first + chunk - 1)))
end
-- The server's clock is not the caller's: its time to live is relative, and an hour longer.
redis.call('PEXPIRE', key, math.max(tonumber(ARGV[4]) - now, 0) + 3600000)
return {1}
