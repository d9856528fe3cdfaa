DELETE FROM entries WHERE record = ?1 AND slice = ?2 AND kind = ?3 AND name = ?4;
