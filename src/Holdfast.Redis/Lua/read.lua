-- KEYS[1]  the session's hash
-- ARGV     1 the revision that the caller holds, 2 now (Unix milliseconds)
-- Returns  nothing when there is no session, the revision alone when it is the caller's, else all fields and values
local record = redis.call('HMGET', KEYS[1], 'r', 'e')
if not record[1] then
  if redis.call('EXISTS', KEYS[1]) == 1 then
    return redis.error_reply('DAMAGED a hash that is no session')
  end
  return {}
end
local expires = tonumber(record[2])
if not expires then
  return redis.error_reply('DAMAGED a session has no expiry')
end
if expires <= tonumber(ARGV[2]) then
  return {}
end
if record[1] == ARGV[1] then
  return {record[1]}
end
return redis.call('HGETALL', KEYS[1])
